"""`prefect.yaml` read as Prefect reads it says what the schedule says, and nothing in it is passed over."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import Flow
from prefect.cli.deploy._models import DeploymentConfig, PrefectYamlModel, RawScheduleConfig, WorkPoolConfig
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.flows import load_flow_from_entrypoint

from s11flow.schedule import ROWS

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "prefect.yaml").read_text("utf-8")
FILE = PrefectYamlModel.model_validate(yaml.safe_load(TEXT))
ON_DEMAND = {"open-cycle", "forecast", "report"}


def schedules(deployment: DeploymentConfig) -> list[RawScheduleConfig]:
    found = deployment.schedules or []
    assert all(isinstance(schedule, RawScheduleConfig) for schedule in found)
    return [schedule for schedule in found if isinstance(schedule, RawScheduleConfig)]


def test_the_deployments_are_the_rows_and_what_is_done_on_demand() -> None:
    assert {each.name for each in FILE.deployments} == {row.name for row in ROWS} | ON_DEMAND


def test_every_row_is_scheduled_as_the_schedule_says() -> None:
    deployed = {
        each.name: [(s.interval, s.cron, s.timezone, s.active) for s in schedules(each)] for each in FILE.deployments
    }

    assert deployed == {
        **{row.name: [(row.every, row.cron, row.zone if row.cron else None, None)] for row in ROWS},
        **{name: [] for name in ON_DEMAND},
    }


def test_prefect_makes_sound_schedules_of_them() -> None:
    made = [
        CronSchedule(cron=s.cron, timezone=s.timezone)
        if s.cron
        else IntervalSchedule(interval=s.interval or timedelta())
        for each in FILE.deployments
        for s in schedules(each)
    ]

    assert len(made) == len(ROWS)


def test_every_deployment_goes_to_the_one_pool() -> None:
    assert {each.work_pool.name for each in FILE.deployments if each.work_pool} == {"s11flow"}
    assert all(each.work_pool for each in FILE.deployments)


@pytest.mark.parametrize("deployment", FILE.deployments, ids=lambda each: str(each.name))
def test_every_entrypoint_is_a_flow_of_that_name(deployment: DeploymentConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)

    flow: Flow[..., Any] = load_flow_from_entrypoint(str(deployment.entrypoint), use_placeholder_flow=False)

    assert (flow.name, flow.persist_result, flow.retries) == (
        deployment.name,
        None,  # nothing of ours is kept or looked up there
        2 if deployment.name == "tick" else 0,
    )


def test_no_key_is_one_that_prefect_passes_over() -> None:
    def unknown(given: dict[str, Any], model: type, besides: frozenset[str] = frozenset()) -> set[str]:
        fields = model.model_fields  # type: ignore[attr-defined]  # pydantic's
        return set(given) - set(fields) - besides

    whole = yaml.safe_load(TEXT)
    assert unknown(whole, PrefectYamlModel, frozenset({"definitions"})) == set()  # `definitions` is for the anchors
    for each in whole["deployments"]:
        assert unknown(each, DeploymentConfig) == set()
        assert unknown(each["work_pool"], WorkPoolConfig) == set()
