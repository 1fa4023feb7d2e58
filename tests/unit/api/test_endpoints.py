"""The paths of the service, and the job ids in pasted text."""

import pytest

from xl_openfunnel import InvalidJobIdError
from xl_openfunnel.api import endpoints

ID = "d8a1bddb-44f1-4c7f-87a7-f37496354ff6"


def test_job_is_polled_and_cancelled_under_its_own_path() -> None:
    assert endpoints.poll(ID) == f"/api/v1/account/search-lookalikes-bulk/{ID}"
    assert endpoints.cancel(ID) == f"/api/v1/account/search-lookalikes-bulk/{ID}/cancel"


@pytest.mark.parametrize("text", ["..", ".", "a/../b", "a%2Fb", "a?x=1", "a#b", "a b", "", "x" * 129, "ä", "a\nb"])
def test_job_id_cannot_escape_its_path_segment(text: str) -> None:
    with pytest.raises(InvalidJobIdError, match="no job id"):
        endpoints.poll(text)


@pytest.mark.parametrize(
    "pasted",
    [
        ID,
        f"  {ID}\n",
        f'"{ID}"',
        f"https://app.openfunnel.dev/jobs/{ID}",
        f"https://api.openfunnel.dev/api/v1/account/search-lookalikes-bulk/{ID}?cursor=page_0001",
        f"https://app.openfunnel.dev/jobs/{ID}/#rows",
    ],
)
def test_job_id_is_found_in_pasted_text(pasted: str) -> None:
    assert endpoints.job_id_from(pasted) == ID


@pytest.mark.parametrize(
    "pasted", ["https://app.openfunnel.dev/", "https://h/..", "Germany, Q3", "", "#REF!", "https://[::1"]
)
def test_other_pasted_text_is_refused_with_a_hint(pasted: str) -> None:
    with pytest.raises(InvalidJobIdError, match="Copy the id from OpenFunnel"):
        endpoints.job_id_from(pasted)


def test_error_says_where_labels_work() -> None:
    with pytest.raises(
        InvalidJobIdError, match=r"'Germany, Q3' is no job id .* Labels are known to cells and to the command"
    ):
        endpoints.job_id_from("Germany, Q3")


@pytest.mark.parametrize(("given", "shown"), [(None, "None"), (5, "5"), ([ID], "['d8a1bddb")])
def test_job_that_is_not_text_is_refused(given: object, shown: str) -> None:
    with pytest.raises(InvalidJobIdError) as raised:
        endpoints.job_id_from(given)  # type: ignore[arg-type]
    assert raised.value.message.startswith(shown)
    assert raised.value.message.endswith(" is no job. Give the job's id or its URL as text.")


def test_key_pasted_as_a_job_is_neither_sent_nor_shown() -> None:
    with pytest.raises(InvalidJobIdError) as raised:
        endpoints.job_id_from("of_live_0123456789")
    assert "0123456789" not in raised.value.message
