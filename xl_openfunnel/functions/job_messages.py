"""Every text about a job that a cell may show instead of data: what it means, and what to do.

`<name>` stands for what differs from case to case. The guide's page messages.md is written from this table, that of
`formula_messages` and that of `workbook.bridge_messages`; tests hold them against what the functions really show.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class JobMessage(NamedTuple):
    """A text about a job.

    Attributes:
        text: as the cell shows it.
        meaning: what happened.
        action: what to do.
        functions: the formulas that show it.
    """

    text: str
    meaning: str
    action: str
    functions: tuple[str, ...] = ("OF_STATUS", "OF_ROWS")


JOB_MESSAGES: Final = (
    JobMessage(
        "loading",
        "no answer of the service yet; or the companies are there, and reading or counting them takes a moment",
        "wait a few seconds: the cell changes by itself",
    ),
    JobMessage("pending", "the service has the job and has not started it", "wait"),
    JobMessage(
        "running",
        "it runs; in place of companies: there are none yet, or `OF_NEW` compares with it and waits for all",
        'wait; `OF_INFO(job,"progress")` tells how far it is',
    ),
    JobMessage("cancelling", "it was cancelled and is about to end", "wait"),
    JobMessage(
        "completed",
        "the job has ended",
        'nothing: once `OF_INFO(job,"final")` is TRUE, and `problem` and `warnings` are empty, all companies are there and checked',
        ("OF_STATUS",),
    ),
    JobMessage(
        "completed: its pages are still being read",
        'it has ended, and with `"final"` nothing is shown before all companies are read; nor in `OF_NEW` that compares with it',
        'wait; `OF_INFO(job,"progress")` tells how far it is',
        ("OF_ROWS",),
    ),
    JobMessage(
        "completed: no companies",
        "it ended and found none",
        "start a job with other seeds or filters at OpenFunnel",
        ("OF_ROWS",),
    ),
    JobMessage("cancelled", "it was cancelled", "nothing: what it delivered is shown, and was billed", ("OF_STATUS",)),
    JobMessage(
        "cancelled: no companies",
        "it was cancelled before it delivered any",
        "start it again at OpenFunnel if you still need it",
        ("OF_ROWS",),
    ),
    JobMessage(
        "failed",
        "the service gave up",
        '`OF_INFO(job,"problem")` has its reason; companies that it did deliver are shown',
        ("OF_STATUS",),
    ),
    JobMessage(
        "#OF! The job failed: <reason>",
        "the job failed, for the service's reason; there are no companies",
        "start it again at OpenFunnel, or ask its support",
        ("OF_ROWS",),
    ),
    JobMessage(
        "The job failed: <reason>",
        "the job failed; some companies may be shown, and no more will come, though `final` is TRUE",
        "start it again at OpenFunnel, or ask its support",
        ('OF_INFO(job,"problem")',),
    ),
    JobMessage(
        "#OF! There is no API key for https://api.openfunnel.dev. Set it with: xl-openfunnel key set, or set OPENFUNNEL_API_KEY.",
        "as it says",
        "*API key...* on Excel's ribbon, which is noticed at once, or `xl-openfunnel key set` in a terminal, within 10 seconds. A variable is noticed when Excel restarts",
    ),
    JobMessage(
        '#OF! The API key (Windows Credential Manager) was refused (HTTP 401): "<reason>". Set it with: xl-openfunnel key set.',
        "the stored key is wrong or no longer valid",
        "*API key...* on Excel's ribbon, or `xl-openfunnel key set`, with a key of your account; noticed at once, or within 10 seconds",
    ),
    JobMessage(
        '#OF! The API key (environment variable OPENFUNNEL_API_KEY) was refused (HTTP 401): "<reason>". Change or unset OPENFUNNEL_API_KEY.',
        "the same for a key in a variable, which takes precedence over the stored one",
        "change or remove the variable, then restart Excel",
    ),
    JobMessage(
        "#OF! There is no job <job> for this API key (HTTP 404). Check the id, and that the key belongs to the account that started the job.",
        "a wrong id, or a job of another account; shown after the first of three tries over ten seconds",
        "correct the id. If it is right, and the job was only just started: press *Refresh*",
    ),
    JobMessage(
        "#OF! '<given>' is no job id, no job's URL and no label known here. Copy the id from OpenFunnel.",
        "no id looks like that; no request was made",
        "copy the id or the job's URL; `=OF_JOBS()` lists ids and labels",
    ),
    JobMessage(
        "#OF! '<given>' is no job id, no job's URL and no label known here. Did you mean <jobs>?",
        "the same, where jobs known here have a similar label or id; `[U+200B]` stands for a character that looks like none",
        "give one of these, or copy the id",
    ),
    JobMessage(
        "#OF! That names 2 jobs, <one> and <other>. Give one of them.",
        "the text in the job's cell has two ids",
        "leave one",
    ),
    JobMessage(
        "#OF! '<given>' begins the ids of 2 jobs. Give more of the id.",
        "several jobs known here have an id that begins so; no request was made",
        "give the whole id",
    ),
    JobMessage(
        "#OF! '<given>' is no job id, and labels cannot be read just now. It is tried again by itself.",
        "if it is a label: another program is writing the list of jobs",
        "wait a few seconds",
    ),
    JobMessage(
        "#OF! '<given>' is no job id, and labels cannot be read on this computer. In a terminal, xl-openfunnel doctor says why.",
        "the folder with the list of jobs is gone or unusable; jobs given by their id still work",
        "give the id, or do what `doctor` says",
    ),
    JobMessage(
        "#OF! '<given>' is what a cell shows of a job, and no job. Give the cell with the job's id.",
        "the formula refers to the cell with the status",
        "refer to the cell with the id",
    ),
    JobMessage(
        "#OF! <given> is no job. Give the job's id, its URL or its label.",
        "the job's cell holds a number, TRUE or FALSE",
        "as it says; an id of digits only needs an apostrophe before it",
    ),
    JobMessage(
        "#OF! That holds an API key, and is not sent or shown. Give the job's id.",
        "the job's cell holds what looks like a key",
        "remove it from the sheet, and give the id",
    ),
    JobMessage(
        "#OF! The cell with the job holds <error>. Fix that cell first.",
        "that cell holds an error, like `#N/A`",
        "look at its own formula",
    ),
    JobMessage(
        "#OF! That range names <number> jobs, and one formula takes 1,000 at most. Give a smaller range.",
        "most often a range of something else; no request was made",
        "give the cells with the jobs only",
    ),
    JobMessage(
        "#OF! The name api.openfunnel.dev could not be looked up. Are you online (VPN)? It is tried again by itself.",
        "no network, or none that reaches the internet",
        "go online, start the VPN",
    ),
    JobMessage(
        "#OF! Nothing answers at api.openfunnel.dev. Is the address right, and are you online? It is tried again by itself.",
        "the service, or something before it, refuses the connection",
        "wait; if other sites work and it stays so, ask IT",
    ),
    JobMessage(
        "Nothing answers at api.openfunnel.dev. Is the address right, and are you online?",
        "the same, after earlier answers: status and companies are the last known",
        'wait; `OF_INFO(job,"as_of")` tells how old they are',
        ('OF_INFO(job,"problem")',),
    ),
    JobMessage(
        '#OF! The service is in trouble (HTTP 503): "<reason>". Wait a while. It is tried again by itself.',
        "the service is down, and nothing is known of the job yet",
        "wait",
    ),
    JobMessage(
        'The service is in trouble (HTTP 503): "<reason>". Wait a while.',
        "the same, after earlier answers: status and companies stay",
        'wait until `OF_INFO(job,"final")` is TRUE',
        ('OF_INFO(job,"problem")',),
    ),
    JobMessage(
        "OpenFunnel says <stated> companies; <read> could be read. Refresh to read again; if it stays so, tell OpenFunnel's support.",
        "the companies shown are not all, or more than all; they were read three times",
        "press *Refresh*, which reads them again; if it stays so, tell OpenFunnel's support",
        ('OF_INFO(job,"problem")',),
    ),
    JobMessage(
        "OpenFunnel gave no total; these may not be all. Refresh to ask again.",
        "there is nothing to compare the companies with; they were read three times, and are not stored",
        "press *Refresh*; if it stays so, ask OpenFunnel's support whether these are all",
        ('OF_INFO(job,"problem")',),
    ),
    JobMessage(
        "Pages <page> and <other> both hold <company> (linkedin.com/company/<slug>): another company may be missing. Refresh to read again; if it stays so, tell OpenFunnel's support.",
        "the job was read three times, and not all three had the same companies; they are shown and not stored",
        "press *Refresh*, which reads it again; if it stays so, tell OpenFunnel's support",
        ('OF_INFO(job,"problem")',),
    ),
    JobMessage(
        "Pages <page> and <other> both hold <company> (linkedin.com/company/<slug>): another company may be missing.",
        "the number of companies is right, and all three readings were the same; both rows are shown and stored",
        "count that company once; OpenFunnel's support can say whether another one is missing",
        ('OF_INFO(job,"warnings")',),
    ),
)
"""About a job."""
