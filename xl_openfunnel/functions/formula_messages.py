"""Every text about a formula, or about Excel and Python, that a cell may show instead of data: see `job_messages`."""

from __future__ import annotations

from typing import Final, NamedTuple


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
        "#OF! There is no column 'job_id'. Only several jobs together have one.",
        "give a range of jobs, or leave the column out",
    ),
    FormulaMessage(
        "#OF! The column job_id comes first anyway. Name another one, for example name.",
        "as it says: the rows of several jobs begin with the job's id",
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
        "loosen the [criteria](criteria.md); ends in `yet` as long as more companies may come, and then in `Did you mean country=Germany?` if the column has no such value, but a similar one",
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
        "#OF! '<given>' is no known list and no job seen here. In a terminal, xl-openfunnel known list "
        "lists the lists. Or give a range with domains or LinkedIn pages.",
        "as it says; the cell follows when the list is set. A job is seen once a cell or a command has asked for it",
    ),
    FormulaMessage(
        "#OF! '<given>' is no known list. Did you mean <lists>?",
        "take one of these after `known:`; the cell follows when a list of the name is set",
    ),
    FormulaMessage("#OF! '<given>' is no known list. There are <lists>.", "the same"),
    FormulaMessage(
        "#OF! '<given>' is no known list. There is none: xl-openfunnel known set NAME FILE sets one.",
        "as it says; or *Keep as known list* among the buttons. The cell follows",
    ),
    FormulaMessage(
        "#OF! '<given>' is a known list whose file is damaged, or of another version of xl-openfunnel. Set it again.",
        "`xl-openfunnel known set`, or *Keep as known list*. The cell follows",
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
        "#OF! '<part>' names no tier. There are <tiers>; with nothing after = it finds the new companies.",
        "the column `known:...` holds nothing else: a company that has only a known `site` or `name` is new",
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
