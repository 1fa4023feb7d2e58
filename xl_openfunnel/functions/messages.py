"""Every text that a cell may show instead of data: what it means, and what to do.

`<name>` stands for what differs from case to case. The guide's page messages.md is written from these tables, and from
those of `workbook.bridge_messages`; tests hold them against what the functions really show.
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


class FormulaMessage(NamedTuple):
    """A text about a formula, or about Excel and Python.

    Attributes:
        text: as the cell shows it.
        action: what to do.
        where: the place, if it is not the formula's first cell.
    """

    text: str
    action: str
    where: str = ""


JOB_MESSAGES: Final = (
    JobMessage(
        "loading",
        "no answer of the service yet; or the companies are there, and reading or counting them takes a moment",
        "wait a few seconds: the cell changes by itself",
    ),
    JobMessage("pending", "the service has the job and has not started it", "wait"),
    JobMessage(
        "running",
        "it runs; in place of companies: there are none yet",
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
        'it has ended, and with `"final"` nothing is shown before all companies are read',
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

FORMULA_MESSAGES: Final = (
    FormulaMessage(
        "#OF! There is no <kind> '<given>'. Did you mean <names>?", "correct the name of the column, field or function"
    ),
    FormulaMessage("#OF! There is no <kind> '<given>'. There are <names>.", "take one of them"),
    FormulaMessage(
        "#OF! There is no column '<given>'. The column \"*\" shows all there are.",
        '`=OF_ROWS(A2,"*")` in a free place, and take a name from there',
    ),
    FormulaMessage(
        '#OF! <given> is no <kind>. Give names as text, like "name" in quotation marks.',
        "give a text, or cells with texts, where names of columns or fields belong",
    ),
    FormulaMessage(
        "#OF! That holds an API key, and is no <kind>. Remove it from the sheet.",
        "take the key out of the formula or its cell, and give what belongs there",
    ),
    FormulaMessage("#OF! Give one <argument>, not a range of <number> cells.", "give one cell there"),
    FormulaMessage(
        "#OF! The cell with the <argument> holds <error>. Fix that cell first.", "look at that cell's own formula"
    ),
    FormulaMessage("#OF! Give TRUE or FALSE as include_headers, not '<given>'.", "as it says"),
    FormulaMessage('#OF! Give the name of one column, for example "name".', "`OF_LOOKUP` gives one column"),
    FormulaMessage(
        "#OF! The job has no company '<given>'.",
        "look for a rank, domain or linkedin_url of the job, or give `if_not_found`",
        "in `OF_LOOKUP`, if companies may be missing, or the workbook is of an earlier version; else `#N/A`",
    ),
    FormulaMessage("#OF! The job has no company '<given>' yet: <why>.", "wait: it may still arrive"),
    FormulaMessage(
        "#OF! <given> is no key of a company. Give its rank, domain or linkedin_url.", "give a number or a text as key"
    ),
    FormulaMessage(
        "no company matches <criteria>",
        "loosen the [criteria](criteria.md); ends in `yet` as long as more companies may come",
        "in `OF_ROWS` and `OF_PIVOT`, in place of companies",
    ),
    FormulaMessage(
        "no company is new",
        "nothing: all are known, or cannot be compared",
        "in `OF_NEW`, in place of companies",
    ),
    FormulaMessage(
        "no company is new yet",
        "nothing: the cell follows as more companies come",
        "in `OF_NEW`, in place of companies",
    ),
    FormulaMessage(
        "<number> of <companies> are new<and more>",
        'nothing: it also tells how many of these `match` "site" or "name" would take for known',
        'in the last row of `OF_NEW` with `"why"`',
    ),
    FormulaMessage(
        "#OF! The known companies have no LinkedIn pages, domains or e-mail addresses, by which companies are compared. "
        "Give columns that have, the name of a known list, or a job.",
        "as it says: names alone are too weak. `xl-openfunnel known list` in a terminal lists the lists",
    ),
    FormulaMessage(
        "#OF! No known list and no job seen here has that name. In a terminal, xl-openfunnel known list "
        "lists the lists. Or give a range with domains or LinkedIn pages.",
        "as it says; the cell follows when the list is set. A job is seen once a cell or a command has asked for it",
    ),
    FormulaMessage(
        "#OF! There is no known list of that name. Did you mean <lists>?",
        "take one of these after `known:`; the cell follows when a list of the name is set",
    ),
    FormulaMessage("#OF! There is no known list of that name. There are <lists>.", "the same"),
    FormulaMessage(
        "#OF! There is no known list of that name. There is none: xl-openfunnel known set NAME FILE sets one.",
        "as it says; or *Keep as known list* among the buttons. The cell follows",
    ),
    FormulaMessage(
        "#OF! '<part>' is no criterion. Write a column, a sign and a value, like country=Germany.",
        "as it says: [Criteria](criteria.md) has all signs",
    ),
    FormulaMessage(
        "#OF! '<part>' names no column. Write one before the sign, like country=Germany.", "as it says: `*` is none"
    ),
    FormulaMessage(
        "#OF! '<part>' has no value after <sign>. Write one, or = for a blank and <> for anything else.", "as it says"
    ),
    FormulaMessage(
        "#OF! '<part>' has two signs in a row. Put ~ before one that belongs to the value.",
        "as it says",
    ),
    FormulaMessage(
        "#OF! '<part>' has the sign <sign>. Write <criterion>, or put ~ before a sign that belongs to the value.",
        "as it says: here `>=`, `<=`, `=` and `<>` stand for `=>`, `=<`, `==` and `!=`",
    ),
    FormulaMessage(
        "#OF! '<part>' has two criteria. Put ; between them, or ~ before a sign that belongs to the value.",
        "as it says",
    ),
    FormulaMessage(
        "#OF! '<part>' compares <column> with what is no number. Write numbers like 1000 or 0.5.",
        "no thousands separator, and a point before decimals, also where sheets have a comma",
    ),
    FormulaMessage(
        "#OF! '<part>' names no size class. There are <classes>.",
        "take one of these for `employee_band`, or a number for `employee_count`; a cell with `1-10` must be text, or "
        "it is a date",
    ),
    FormulaMessage(
        '#OF! Give criteria as text, like "country=Germany; employee_count>=50", or as a range of two columns: names, and what they must be.',
        "as it says",
    ),
    FormulaMessage("#OF! Sorting by '<given>' is not possible. Name columns, like -employee_count,name.", "as it says"),
    FormulaMessage(
        "#OF! Sorting by '<given>' is not possible: <column> sorts <direction>.",
        "as it says: `-` before a column stands for `desc`, and nothing for `asc`",
    ),
    FormulaMessage("#OF! Give a whole number from 1 as top, not '<given>'.", "as it says"),
    FormulaMessage(
        "#OF! There is no row field. Name a column to group by, for example country.", '`=OF_PIVOT(A2,"country")`'
    ),
    FormulaMessage(
        "#OF! The column <column> is both a row field and a column field. Name it in one of them only.", "as it says"
    ),
    FormulaMessage("#OF! A pivot takes no *. Name its columns one by one, for example country.", "as it says"),
    FormulaMessage("#OF! Give one column as values: a pivot calculates with one.", "as it says"),
    FormulaMessage(
        "#OF! The function <function> needs a column of values. Name one, for example employee_count.",
        '`=OF_PIVOT(A2,"country",,"employee_count","mean")`',
    ),
    FormulaMessage(
        "#OF! The function companies takes no column of values. Leave it out, or take nunique.",
        '`=OF_PIVOT(A2,"country",,,"companies")`; `nunique` counts the different values of a column',
    ),
    FormulaMessage(
        "#OF! The column <column> holds no numbers to calculate the <function> of; count and nunique work with it.",
        "take a column with numbers, or one of these functions",
    ),
    FormulaMessage(
        "#OF! That pivot has <number> <parts>, more than <most>. Name fields with fewer values.",
        "group by `country` or `employee_band`, not by `name`",
    ),
    FormulaMessage(
        "#OF! These jobs have <number> companies, and one formula takes <most> at most. Give it fewer jobs, or write files: in a terminal, xl-openfunnel rows JOB -o FILE.xlsx.",
        "as it says: Excel would freeze",
    ),
    FormulaMessage(
        '#OF! That is too much for one table: <number> fields of <number> companies. Name the columns you want, for example "name,domain".',
        'as it says, in place of `"*"`: the service sends some twenty fields',
    ),
    FormulaMessage(
        "#OF! Left out of the <function>: <number> of <column> that <are> not <numbers>.",
        "the results are right for the numbers; texts such as `1001-5000` are never turned into one",
        "below the total of `OF_PIVOT`",
    ),
    FormulaMessage(
        "#OF! <number> of <jobs> jobs <are> not counted: <reasons>",
        "the pivot is right for the others; wait for these, or look at each with `OF_STATUS`",
        "below the total of `OF_PIVOT`",
    ),
    FormulaMessage(
        "#OF! The list of jobs cannot be read on this computer. In a terminal, xl-openfunnel doctor says why.",
        "as it says",
        "in `OF_JOBS`",
    ),
    FormulaMessage(
        "#OF! Another program is writing the list of jobs. It is tried again by itself.",
        "wait a few seconds",
        "in `OF_JOBS`",
    ),
    FormulaMessage(
        "#OF! This Excel cannot spill: <function> gives several cells here. <instead>",
        "what it says; with Excel 365 or 2021 the formula works as it is",
    ),
    FormulaMessage(
        "#OF! Not shown for want of cells: <what>. Make room with OpenFunnel > Refresh, or enter the formula as an array over <rows> and <columns>.",
        "as it says: Calc cannot spill ([LibreOffice Calc](calc.md))",
        "in Calc, in the last row of the array",
    ),
    FormulaMessage(
        "#OF! Something unexpected happened. The log says what; please report it.",
        "a bug: [Security](security.md#what-is-kept-where) says where the log is",
    ),
)
"""About a formula."""
