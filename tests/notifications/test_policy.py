"""Who may be written to."""

import pytest

from notifications.policy import Allowed, PostPolicy, Redirected, Refused

PAT = "pat@agency.example"


@pytest.mark.parametrize("mode", ["demo", "trial", "live"])
def test_mail_to_a_folder_is_always_allowed_as_it_is(mode: str) -> None:
    policy = PostPolicy(mode, redirect="trial@partnership.example", is_folder=True)  # type: ignore[arg-type] # a table

    assert policy.decide(PAT) == Allowed(PAT)


def test_in_earnest_everybody_may_be_written_to() -> None:
    assert PostPolicy("live", redirect="trial@partnership.example").decide(PAT) == Allowed(PAT)


def test_a_demonstration_sends_nothing() -> None:
    assert PostPolicy("demo", allow=(PAT,)).decide(PAT) == Refused(
        "A demonstration only writes mail to a folder; set the mail address to folder:outbox."
    )


@pytest.mark.parametrize(
    "allow", [(PAT,), ("PAT@Agency.Example",), ("@agency.example",), ("x@y.example", "@AGENCY.example")]
)
def test_in_a_trial_allowed_addresses_and_domains_are_written_to(allow: tuple[str, ...]) -> None:
    assert PostPolicy("trial", allow, redirect="trial@partnership.example").decide(PAT) == Allowed(PAT)


@pytest.mark.parametrize("allow", [(), ("@example.org",), ("@gency.example",), ("at@agency.example",)])
def test_in_a_trial_other_mail_goes_to_the_redirect_and_else_nowhere(allow: tuple[str, ...]) -> None:
    redirect = "trial@partnership.example"

    assert PostPolicy("trial", allow, redirect).decide(PAT) == Redirected(to=redirect, original=PAT)
    assert PostPolicy("trial", allow).decide(PAT) == Refused(
        "This is a trial and pat@agency.example is not on its allow-list; add the address or its domain, "
        "or set a redirect."
    )


def test_a_subdomain_is_not_its_domain() -> None:
    assert isinstance(PostPolicy("trial", ("@agency.example",)).decide("pat@evil.agency.example"), Refused)


@pytest.mark.parametrize("is_folder", [True, False])
def test_an_address_that_is_none_is_refused_everywhere(is_folder: bool) -> None:
    assert PostPolicy("live", is_folder=is_folder).decide("pat") == Refused(
        "The address 'pat' has no domain, so nothing can be sent to it."
    )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"mode": "test"},
            "The mode 'test' is not known; it is demo, trial or live.",
        ),
        (
            {"mode": "trial", "allow": ("agency.example",)},
            (
                "The allow-list entry 'agency.example' has no domain; write an address such as pat@agency.example "
                "or a domain such as @agency.example."
            ),
        ),
        (
            {"mode": "trial", "redirect": "Pat <pat@agency.example>"},
            (
                "The redirect address 'Pat <pat@agency.example>' is not one address; write one address such as "
                "trial@partnership.example."
            ),
        ),
    ],
)
def test_a_wrong_policy_says_what_is_wrong(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the whole sentence is compared
        PostPolicy(**fields)  # type: ignore[arg-type] # wrong on purpose

    assert str(refused.value) == sentence
