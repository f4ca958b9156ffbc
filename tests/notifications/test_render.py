"""Templates become a subject, a text and an HTML part, and values never become markup."""

import re
import string
from collections.abc import Callable
from html.parser import HTMLParser
from timeit import timeit
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.render import Frame, Rendered, Template, TemplateError, render_body, render_subject


def main_of(html: str) -> str:
    """Give what stands between the frame's parts."""
    found = re.search(r'<div role="main">\n(.*?)</div>\n(?:<div class="footer">|</div>)', html, re.DOTALL)
    assert found
    return found[1]


class Tags(HTMLParser):
    """The tags and the words of a document."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.words += data


# --- the subject ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Reminder: {{ agency }}", "Reminder: A & B <c>"),
        ("100% {{ agency }} %s", "100% A & B <c> %s"),
        ("{{ agency|upper }}: {{ row.n }}", "A & B <C>: 3"),
        ("{% if late %}Late{% else %}Due{% endif %}: {{ row['n'] }}", "Late: 3"),
        ("{{ lines }} – end", "one two three – end"),
        ("  spaces round \n", "spaces round"),
    ],
)
def test_a_subject_is_one_line_of_plain_words(source: str, expected: str) -> None:
    values = {"agency": "A & B <c>", "row": {"n": 3}, "late": True, "lines": "one\r\n two\u2028three"}

    assert render_subject(source, values) == expected


def test_a_subject_with_a_control_character_is_refused() -> None:
    with pytest.raises(TemplateError) as refused:
        render_subject("{{ a }}", {"a": "x\x07y"}, name="reminder/subject")

    assert str(refused.value) == (
        "The template 'reminder/subject' came out with a control character in it; take it out."
    )


def test_a_subject_is_made_within_a_few_microseconds() -> None:
    source = "Reminder: {{ agency }}'s report {{ ref }} is due on {{ when }}"
    values = {"agency": "Agency", "ref": "GSCP-2026-05A", "when": "Tuesday 20 October 2026"}
    rounds = 2000

    best = min(timeit(lambda: render_subject(source, values), number=rounds) for _ in range(5)) / rounds

    assert best < 20e-6  # about 1e-6 on a quiet machine


# --- what is missing or wrong -----------------------------------------------------------------------------------------

RENDERERS = pytest.mark.parametrize("render", [render_subject, render_body])


@RENDERERS
@pytest.mark.parametrize(
    ("source", "placeholder"),
    [
        ("{{ deadlin }}", "deadlin"),
        ("{{ case.ref }}", "ref"),
        ("{{ deadlin|upper }}", "deadlin"),
        ("{% for row in rows %}x{% endfor %}", "rows"),
        ("{% if late %}x{% endif %}", "late"),
    ],
)
def test_a_placeholder_without_a_value_is_named_with_what_there_is(
    render: Callable[..., object], source: str, placeholder: str
) -> None:
    with pytest.raises(TemplateError) as refused:
        render(source, {"deadline": "x", "case": {}}, name="reminder")

    assert str(refused.value) == (
        f"The template 'reminder' uses the placeholder '{placeholder}', which has no value; it can use case, deadline."
    )
    assert refused.value.template == "reminder"


@RENDERERS
@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("{{ a", "The template 'x' cannot be read at line 1: "),
        ("{{ nothing }}", "A placeholder of the template 'x' is None; give it a value or put an if round it."),
        ("{{ a.__class__ }}", "The template 'x' reaches for what it may not have: __class__."),
        ("{% set b %}{{ a }}{% endset %}{{ b }}", "The template 'x' uses AssignBlock; only placeholders, if, for and"),
        ("{% macro m() %}{% endmacro %}", "The template 'x' uses Macro; only placeholders, if, for and set = work."),
        ("{{ __slots }}", "The template 'x' uses a name that begins with __; give it another name."),
        ("{{ range(9) }}", "The template 'x' uses the placeholder 'range', which has no value; it can use a, nothing."),
    ],
)
def test_what_a_template_may_not_do_is_one_sentence(render: Callable[..., object], source: str, sentence: str) -> None:
    with pytest.raises(TemplateError) as refused:
        render(source, {"a": "A", "nothing": None}, name="x")

    assert str(refused.value).startswith(sentence)


# --- the body ---------------------------------------------------------------------------------------------------------


def test_a_letter_reads_well_in_both_parts() -> None:
    source = """\
# Your report, {{ name }}

It is **late**:
see *why* at [the case]({{ url }}),
or <https://help.example/>,
or write to [{{ mail }}](mailto:{{ mail }}).

## What to do

1. Read it.
2. Send it:
   - by mail
   - or by hand

> As agreed.

```
1 < 2
```

---

| What | Days |
|---|--:|
{% for row in rows %}
| {{ row.what }} | {{ row.days }} |
{% endfor %}
"""
    values = {
        "name": "Pat",
        "url": "https://s11.example/c?a=1&b=2",
        "mail": "a@b.example",
        "rows": [{"what": "a | b", "days": 7}, {"what": "c", "days": 14}],
    }

    body = render_body(source, values, frame=Frame("The Partnership", ("Sent by a machine.", "Do not print.")))

    assert (
        body.text
        == """\
Your report, Pat
================

It is late: see why at the case (https://s11.example/c?a=1&b=2), or https://help.example/, or write to a@b.example.

What to do
----------

1. Read it.
2. Send it:
   - by mail
   - or by hand

> As agreed.

    1 < 2

----------------------------------------

What   Days
-----  ----
a | b     7
c        14

----------------------------------------
Sent by a machine.
Do not print.
"""
    )
    assert (
        main_of(body.html)
        == """\
<h1>Your report, Pat</h1>
<p>It is <strong>late</strong>:
see <em>why</em> at <a href="https://s11.example/c?a=1&amp;b=2">the case</a>,
or <a href="https://help.example/">https://help.example/</a>,
or write to <a href="mailto:a@b.example">a@b.example</a>.</p>
<h2>What to do</h2>
<ol>
<li>Read it.</li>
<li>Send it:
<ul>
<li>by mail</li>
<li>or by hand</li>
</ul>
</li>
</ol>
<blockquote>
<p>As agreed.</p>
</blockquote>
<pre><code>1 &lt; 2
</code></pre>
<hr />
<table>
<thead>
<tr>
<th scope="col">What</th>
<th scope="col" class="right">Days</th>
</tr>
</thead>
<tbody>
<tr>
<td>a | b</td>
<td class="right">7</td>
</tr>
<tr>
<td>c</td>
<td class="right">14</td>
</tr>
</tbody>
</table>
"""
    )


def test_a_table_too_wide_for_a_line_is_written_row_by_row() -> None:
    source = "| Agency | Why |\n|---|---|\n{% for why in reasons %}\n| A | {{ why }} |\n{% endfor %}\n"

    text = render_body(source, {"reasons": ["x" * 80, "two\nlines"]}).text

    assert text == f"Agency: A\nWhy: {'x' * 80}\n\nAgency: A\nWhy: two\nlines\n"


def test_the_html_part_is_a_whole_document_that_fetches_nothing() -> None:
    html = render_body("# Hello\n\n![x](https://far.example/x.png)\n", {}, frame=Frame("A <b>", ("C & D",))).html

    assert html.startswith('<!doctype html>\n<html lang="en-GB">\n')
    assert "<title>Hello</title>" in html
    assert '<div class="sender">A &lt;b&gt;</div>' in html
    assert '<div class="footer">C &amp; D</div>' in html
    assert not {"img", "script", "link", "iframe"} & set(Tags(html).tags)
    assert "url(" not in html
    assert "@import" not in html


@pytest.mark.parametrize(
    ("title", "source", "expected"),
    [
        ("Given", "# Heading", "Given"),
        ("", "Text\n\n## About {{ a }}", "About &lt;A&gt;"),
        ("", "Text", "Sender"),
    ],
)
def test_the_document_has_a_title(title: str, source: str, expected: str) -> None:
    html = render_body(source, {"a": "<A>"}, frame=Frame("Sender", title=title)).html

    assert f"<title>{expected}</title>" in html


HOSTILE = [
    "<script>alert(1)</script>",
    "*bold* **bold** _x_",
    "[x](y)",
    "![x](https://far.example/x.png)",
    "a | b | c",
    "`code` ```",
    "# heading",
    "- item",
    "1. item",
    "> quote",
    "    indented",
    "https://far.example/ <https://far.example/>",
    "&lt;b&gt; &#42;",
    "\\*",
    "---",
    "\ue0000\ue001",
]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    "source",
    [
        "{{ v }}",
        "# {{ v }}",
        "- {{ v }}",
        "**{{ v }}**",
        "`{{ v }}`",
        "| a |\n|---|\n| {{ v }} |",
        "[{{ v }}](https://a.example)",
    ],
)
def test_a_value_is_the_same_words_in_both_parts_and_never_markup(value: str, source: str) -> None:
    plain, hostile = (render_body(source, {"v": v}) for v in ("word", value))

    assert Tags(main_of(hostile.html)).tags == Tags(main_of(plain.html)).tags
    assert " ".join(value.split()) in " ".join(Tags(main_of(hostile.html)).words.split())
    assert value.strip() in hostile.text


@given(value=st.text(st.sampled_from(string.punctuation + "ab 1\n\ue000\ue001"), max_size=30))
def test_no_value_adds_a_tag(value: str) -> None:
    source = "# {{ v }}\n\n{{ v }} *{{ v }}*\n\n- {{ v }}\n\n| {{ v }} |\n|---|\n| `{{ v }}` |\n"

    tags = Tags(main_of(render_body(source, {"v": value}).html)).tags

    assert [tag for tag in tags if tag != "br"] == [
        tag for tag in Tags(main_of(render_body(source, {"v": "word"}).html)).tags if tag != "br"
    ]


def test_lines_of_a_value_stay_lines() -> None:
    body = render_body("Dear {{ v }}.", {"v": "one\r\n\r\n# two"})

    assert body.text == "Dear one\n\n# two.\n"
    assert main_of(body.html) == "<p>Dear one<br />\n<br />\n# two.</p>\n"


def test_control_characters_and_turned_reading_directions_are_left_out() -> None:
    body = render_body("{{ v }}", {"v": "a\x00\x1b\x9f\u202eb\tc\ud800"})

    assert (body.text, main_of(body.html)) == ("ab c\n", "<p>ab c</p>\n")


@pytest.mark.parametrize("source", ["[x]({{ url }})", "[x]\n\n[x]: {{ url }}"])
@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "/relative", "https://a.example/ x", ""])
def test_a_link_from_a_value_goes_to_the_web_or_to_a_mailbox_only(source: str, url: str) -> None:
    with pytest.raises(TemplateError) as refused:
        render_body(source, {"url": url}, name="invite")

    assert str(refused.value) == (
        f"The template 'invite' has a link to {url!r}; a link begins with https://, http:// or mailto:."
    )


def test_a_template_names_itself_in_its_errors() -> None:
    template = Template("reminder", subject="{{ a }}", body="{{ b }}", frame=Frame("Us"))

    assert template.render_subject({"a": "A"}) == "A"
    assert template.render_body({"b": "B"}) == render_body("{{ b }}", {"b": "B"}, frame=Frame("Us"))
    with pytest.raises(TemplateError, match="'reminder/body'"):
        template.render_body({"a": "A"})


# --- reading a template once ------------------------------------------------------------------------------------------

VALUES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["a\nb", "", " x", "**b**", "# h", "- li", "<b>&\"'", "| a | b |", "\ue0000\ue001", "\ue0001\ue001"]
    ),
)
EVERY_SHAPE = "# {{ a }}\n\nDear **{{ b }}**,\n\n- {{ a }}\n- see {{ b }}\n\n> {{ a }}\n\n| x |\n|---|\n| {{ b }} |\n"


@given(VALUES, VALUES, VALUES, VALUES)
def test_a_letter_says_the_same_whichever_letter_was_written_before_it(a: str, b: str, c: str, d: str) -> None:
    alone = fresh(EVERY_SHAPE, {"a": a, "b": b})

    render_body(EVERY_SHAPE, {"a": c, "b": d})
    after_another = render_body(EVERY_SHAPE, {"a": a, "b": b})

    assert after_another == alone


def fresh(source: str, values: dict[str, str]) -> Rendered:
    """A letter written by a template that nobody has used before: another comment, another name."""
    return render_body(f"{{# {uuid4()} #}}{source}", values, name=str(uuid4()))


@given(st.sampled_from(["{{ a }} to {{ b }}", "- {{ a }}\n- {{ b }}", "## {{ a }}\n\n{{ b }}"]), st.text(max_size=20))
def test_what_looks_like_a_mark_in_a_value_takes_no_other_value(source: str, around: str) -> None:
    values = {"a": f"{around}\ue0001\ue001x", "b": "SECRET"}

    letter = render_body(source, values)

    assert (letter.text.count("SECRET"), letter.html.count("SECRET")) == (1, 1)


@pytest.mark.parametrize("value", ["two\nlines", "", " ", "ends in a space ", "plain", "\ue0000\ue001"])
@pytest.mark.parametrize("source", ["{{ a }}\n\nend", "1. x\n\n   {{ a }}\n2. y", "> - {{ a }}\n>   z", "### {{ a }}"])
def test_a_value_of_any_shape_reads_as_it_did_before_the_template_was_known(source: str, value: str) -> None:
    render_body(source, {"a": "something else"})

    assert render_body(source, {"a": value}) == fresh(source, {"a": value})
