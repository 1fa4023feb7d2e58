"""The keys that cells of sheets and exports hold, and the columns that hold them."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_company_key import ODD_TEXTS
from xl_openfunnel.company_key import comparable
from xl_openfunnel.known.domains import is_free_mail
from xl_openfunnel.known.reading import CellKeys, Columns, company_name, find_columns, keys_in, row_keys
from xl_openfunnel.shared_hosts import is_shared

_LABELS = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,4})?", fullmatch=True)
HOSTS = st.builds(
    lambda label, suffix: f"{label}.{suffix}", _LABELS, st.sampled_from(["com", "co.uk", "de", "com.br", "io"])
).filter(lambda name: not (is_shared(name) or is_free_mail(name) or name.startswith("www.")))

HOST_FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "URL": lambda name: f"https://{name}",
    "www and slash": lambda name: f"http://www.{name}/",
    "capitals": lambda name: f"WWW.{name.upper()}",
    "e-mail address": lambda name: f"info@{name}",
    "dot at the end": lambda name: f"{name}.",
    "half a scheme": lambda name: f"http//{name}",
    "two schemes": lambda name: f"https://http://{name}",
    "path, query and fragment": lambda name: f"https://{name}/de/about?x=1#y",
    "port": lambda name: f"{name}:443/",
    "note": lambda name: f"{name} (old site, see notes)",
    "note in brackets": lambda name: f"{name}[old]",
    "two sites": lambda name: f"{name}; other.example.org",
    "two lines": lambda name: f"other.example.org\n{name}",
    "angle brackets": lambda name: f"Jane <jane@{name}>",
}
LINKEDIN_FORMS: dict[str, Callable[[str], str]] = {
    "canonical": lambda slug: f"https://www.linkedin.com/company/{slug}",
    "country host and tab": lambda slug: f"http://de.linkedin.com/company/{slug}/about/",
    "capitals and query": lambda slug: f"linkedin.com/company/{slug.upper()}?trk=x",
    "school": lambda slug: f"www.linkedin.com/school/{slug}/",
    "showcase": lambda slug: f"https://linkedin.com/showcase/{slug}#x",
    "note": lambda slug: f"see https://www.linkedin.com/company/{slug}/ for more",
}


@pytest.mark.parametrize("form", HOST_FORMS)
@given(HOSTS)
def test_a_host_is_found_however_it_is_written(form: str, host: str) -> None:
    assert host in keys_in(HOST_FORMS[form](host)).hosts


@pytest.mark.parametrize("form", LINKEDIN_FORMS)
@given(_LABELS)
def test_a_linkedin_page_is_found_however_it_is_written(form: str, slug: str) -> None:
    assert keys_in(LINKEDIN_FORMS[form](slug)).linkedin == (slug,)


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "",
            " ",
            "n/a",
            "-",
            "none",
            "http//",
            "www",
            "see e.g. Node.js",
            "call 555.1234.22",
            "v1.2.3",
            "192.168.0.1",
        ),
        *("https://app.openfunnel.dev/jobs/job-1", "app.openfunnel.dev/lookalikes/1?x=acme.com", "<openfunnel.ai/x>"),
        *("N.A.", "k.A.", "n.a", "-.-", "?.?", " x.y ", "http://n.a/"),
        *("jo@yahoo.com.mx", "jo@hotmail.es", "jo@GMX.li", "Jo <jo@yahoo.com.sg>", "jo@att.net", "jo@live.nl"),
        *("j.doe@gmail.com", "https://facebook.com/acme", "linktr.ee/acme", "https://sites.google.com/view/acme"),
        *(None, 12.5, True, float("nan"), ["acme.com"]),
    ],
)
def test_what_names_no_company_has_no_keys(cell: object) -> None:
    assert keys_in(cell) == CellKeys()


@given(
    st.from_regex(
        r"(https?://)?(www\.|[a-z]{2,3}\.)?(linkedin\.com|[a-z0-9-]{1,6}(\.[A-Za-z0-9-]{1,4}){1,3})"
        r"(/(company/)?[A-Za-z0-9_.-]{0,6}/?)?",
        fullmatch=True,
    )
)
def test_what_is_read_quickly_has_the_same_keys_as_between_brackets(cell: str) -> None:
    assert keys_in(cell) == keys_in(f"<{cell}>")


@given(ODD_TEXTS | st.floats() | st.none())
def test_no_cell_raises(cell: object) -> None:
    keys = keys_in(cell)
    assert all((*keys.linkedin, *keys.hosts))


@given(ODD_TEXTS)
def test_keys_are_their_own_keys(cell: str) -> None:
    for name in keys_in(cell).hosts:
        assert keys_in(name) == CellKeys(hosts=(name,))
        assert not is_shared(name)


@pytest.mark.parametrize(
    ("cell", "hosts"),
    [
        ("https://l.facebook.com/l.php?u=https%3A%2F%2Facme.com%2F&h=x", ("acme.com",)),
        ("https://www.google.com/url?q=https://acme.com/&sa=D", ("acme.com",)),
        ("https://web.archive.org/web/2020/https://acme.com/", ("acme.com",)),
        ("https://urldefense.com/v3/__https://acme.com/de-DE__;!!a$", ("acme.com",)),
        ("https://urldefense.com/v3/__https://acme.com__;!!a", ("acme.com",)),
        ("https://urldefense.proofpoint.com/v2/url?u=https-3A__www.my-2Dacme.com_de&d=Dw", ("my-acme.com",)),
        ("https://urldefense.com/v3/__https://facebook.com/acme__;!!a$", ()),
        ("https://www.google.de/maps/place/Acme", ()),
        ("https://google.com/search?q=acme.com", ()),
        ("https://www.google.com", ("google.com",)),
        ("https://www.openfunnel.dev/", ("openfunnel.dev",)),
        ("https://acme.com/login?next=https://other.com/", ("acme.com",)),
        ("https://acme.com/?a=b&c=d.com+e.com", ("acme.com",)),
        ("acme.com/acme.de", ("acme.com", "acme.de")),
        ("acme.com+acme.de&acme.fr", ("acme.com", "acme.de", "acme.fr")),
        ("acme.com/index.html", ("acme.com",)),
        ("jo+crm@acme.com", ("acme.com",)),
        ("www.gmail.com", ()),
    ],
)
def test_an_address_within_another_counts_where_the_other_is_no_company_s(cell: str, hosts: tuple[str, ...]) -> None:
    assert keys_in(cell).hosts == hosts


@pytest.mark.parametrize("host", ["yahoo.com", "outlook.com.br", "gmx.net", "aol.co.uk", "icloud.com"])
def test_a_website_of_a_mail_provider_is_its_own_unless_its_hosts_are_shared(host: str) -> None:
    assert keys_in(f"jo@{host}") == CellKeys()
    assert keys_in(host).hosts == (() if is_shared(host) else (host,))


@pytest.mark.parametrize("text", ["Jane <jane@{}>", "see {}", "{}; {}", "mail: jane@{}", "Jane Doe jane@{}, Sales"])
def test_hosts_in_longer_texts_are_found_also_where_they_are_invented(text: str) -> None:
    for name in ("acme.com", "acme.co.uk", "acme.example", "shop.acme.example"):
        assert keys_in(text.replace("{}", name)).hosts == (name,)


def test_a_page_at_the_end_of_a_sentence_may_end_in_its_dot() -> None:
    assert keys_in("see linkedin.com/company/acme-inc.").linkedin == ("acme-inc.", "acme-inc")
    assert keys_in("linkedin.com/company/acme-inc.").linkedin == ("acme-inc.",)


@pytest.mark.parametrize(
    ("name", "same"),
    [
        *(("Acme GmbH", "ACME"), ("Acme, Inc.", "acme"), ("Foo & Co. KG", "foo"), ("The Company", "the company ltd")),
        *(("Foo S.A. de C.V.", "foo"), ("Foo Sp. z o.o.", "Foo"), ("Foo Pvt. Ltd.", "foo."), ("Foo\u200b K.K.", "foo")),
    ],
)
def test_legal_forms_at_the_end_do_not_tell_names_apart(name: str, same: str) -> None:
    assert company_name(name) == company_name(same) != ""


@pytest.mark.parametrize(
    ("name", "same"), [("SE", "se"), ("Banco de", "banco de"), ("Team Z GmbH", "team z"), (".", ".")]
)
def test_what_is_no_legal_form_stays(name: str, same: str) -> None:
    assert company_name(name) == same


@given(ODD_TEXTS)
def test_a_name_is_its_own_name(text: str) -> None:
    name = company_name(text)
    assert company_name(name) == name == company_name(f"  {name.upper() if name.isascii() else name}\u200b ")
    assert bool(name) == bool(comparable(text).replace(",", "").strip())


def test_columns_are_found_by_what_they_hold() -> None:
    table: list[list[object]] = [
        ["Account", "Id", "Website", "Contact", "LinkedIn"],
        ["Acme", "0011", "https://acme.com", "jo@acme.com", None],
        ["Foo", "0012", "n/a", None, "https://www.linkedin.com/company/foo"],
        ["Bar", "0013", "ask sales", "x@gmail.com", ""],
        ["Baz", "0014", "baz.io", None, ""],
    ]
    assert find_columns(table) == Columns(keys=(2, 3, 4), name=0, headers=1)
    assert row_keys(table[1], (2, 3, 4)) == CellKeys(hosts=("acme.com",))


def test_without_headers_every_row_is_a_company() -> None:
    assert find_columns([["acme.com"], ["foo.com"]]) == Columns(keys=(0,), name=None, headers=0)


def test_a_column_of_notes_that_names_one_site_is_no_column_of_sites() -> None:
    table = [["Notes"], *[["called them"]] * 20, ["see acme.com"]]
    assert find_columns(table).keys == ()


@pytest.mark.parametrize("nothing", ["n/a", "k.A.", "unknown", "-", "Kein Eintrag"])
def test_a_column_of_which_most_says_that_there_is_nothing_is_found(nothing: str) -> None:
    rows: list[list[object]] = [["Name", "LinkedIn"]]
    rows += [[f"A {number}", nothing if number % 12 else f"linkedin.com/company/a{number}"] for number in range(5_000)]
    assert find_columns(rows).keys == (1,)


def test_a_column_of_a_few_words_with_a_site_among_them_is_none() -> None:
    rows: list[list[object]] = [["Source"]]
    rows += [["G2.com" if number % 9 == 0 else f"Partner {number % 3}"] for number in range(500)]
    assert find_columns(rows).keys == ()


def test_nothing_is_found_where_nothing_is() -> None:
    assert find_columns([]) == find_columns([[]]) == Columns((), None, 0)


@pytest.mark.parametrize("every", [2, 5, 7, 20, 25, 10_000])
@pytest.mark.parametrize("between", ["", "see notes"])
def test_columns_of_a_long_table_are_found_whatever_comes_back_in_it(every: int, between: str) -> None:
    """Links in four of five rows, or hosts in a few and nothing between them."""
    rows = [
        [f"linkedin.com/company/{n}x" if n % every else between, "" if n % every else f"a{n}.com"]
        for n in range(50_000)
    ]
    assert find_columns([["Profile", "Site"], *rows]).keys == (0, 1)
