"""When things are done, for Prefect: thin flows, each of which calls one service. Nothing else knows Prefect."""
