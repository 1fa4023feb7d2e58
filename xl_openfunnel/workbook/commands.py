"""Every command of ribbon, macro list and menus, once.

From these definitions come the ribbon of add-in and workbook, the menu of cells, the macros that buttons call, Calc's
menu, the help page and the guide. What they say is in `languages`. What a command does is written in
`hosts/excel/commands/handlers.py` and, where Calc has it, `hosts/calc/commands.py`, under the same action.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

Group: TypeAlias = Literal[
    "OpenFunnelRefresh",
    "OpenFunnelTable",
    "OpenFunnelLive",
    "OpenFunnelJob",
    "OpenFunnelAccount",
    "OpenFunnelAbout",
]

GROUPS: Final[tuple[Group, ...]] = get_args(Group)
"""The ribbon's groups in their order. Each has a title in every language."""


@dataclass(frozen=True)
class Command:
    """One button.

    Attributes:
        action: the text by which VBA asks Python for it; workbooks carry it, so it must not change.
        macro: the name of its control on the ribbon, and of its macro where it is a button.
        group: the ribbon's group.
        image: Office's own picture (imageMso).
        help: what it does, for the help page and the guide; Markdown without links.
        kind: a button, a button that stays pressed, or a menu of jobs.
        needs: what must be there for it to do anything: a selected cell, an open workbook, or neither.
        large: whether it is a large button.
        in_cells: whether the menu of cells has it.
        in_calc: whether Calc's menu has it.
        macros: its macros' lines of VBA by their names, where they do more than ask Python for the action.
    """

    action: str
    macro: str
    group: Group
    image: str
    help: str
    kind: Literal["button", "toggle", "jobs"] = "button"
    needs: Literal["cell", "workbook", ""] = "workbook"
    large: bool = False
    in_cells: bool = False
    in_calc: bool = False
    macros: tuple[tuple[str, str], ...] = ()

    @property
    def vba(self) -> tuple[tuple[str, str], ...]:
        """Its macros: the name and the lines of each."""
        asks = ((self.macro, f'    OpenFunnelAct "{self.action}"'),) if self.kind == "button" else ()
        return self.macros or asks


_CANCEL: Final = """\
    Dim job As String
#If LibreOffice Then
    OpenFunnelAct "cancel job" ' it says what to do there
    Exit Sub
#End If
    job = OpenFunnelJobHere()
    If Len(job) = 0 Then Exit Sub
    If OpenFunnelAsk("cancel", job, "billed") Then OpenFunnelAct "cancel job", job"""

_KEEP: Final = """\
    Dim listName As String, area As String
#If LibreOffice Then
    OpenFunnelAct "keep list"
    Exit Sub
#End If
    listName = OpenFunnelListName(area)
    If Len(listName) > 0 Then OpenFunnelAct "keep list", listName, area"""

COMMANDS: Final = (
    Command(
        "refresh cell",
        "OpenFunnelRefreshCell",
        "OpenFunnelRefresh",
        "Refresh",
        "Asks the service again for the job of the selected cell. A final job cannot change and is left alone.",
        needs="cell",
        large=True,
        in_cells=True,
    ),
    Command(
        "refresh sheet",
        "OpenFunnelRefreshSheet",
        "OpenFunnelRefresh",
        "Refresh",
        "The same for every job of the sheet. The status bar says `3 refreshed, 1 failed, 2 unchanged`: unchanged are "
        "final jobs.",
        needs="cell",
    ),
    Command(
        "refresh book",
        "OpenFunnelRefreshBook",
        "OpenFunnelRefresh",
        "RefreshAll",
        "The same for every job of the workbook.",
        in_calc=True,
    ),
    Command(
        "refresh final",
        "OpenFunnelRefreshFinal",
        "OpenFunnelRefresh",
        "RefreshAll",
        "Reads all jobs of the workbook again, also those that are final and stored. It costs no credits.",
        in_calc=True,
    ),
    Command(
        "insert table",
        "OpenFunnelInsertTable",
        "OpenFunnelTable",
        "TableInsertExcel",
        "Writes the companies of the selected cell's job, else of the workbook's cell named `job`, as the Excel table "
        "`OpenFunnelRows`: on the sheet *Table*, in another workbook on a new sheet. Inserting again updates it; your own "
        "columns and notes stay with their companies.",
        large=True,
        in_cells=True,
        in_calc=True,
    ),
    Command(
        "refresh pivots",
        "OpenFunnelRefreshPivots",
        "OpenFunnelTable",
        "PivotTableInsert",
        "Updates the pivots that read that table; inserting does so too.",
        in_calc=True,
    ),
    Command(
        "save values copy",
        "OpenFunnelSaveValuesCopy",
        "OpenFunnelTable",
        "FileSaveAs",
        "Saves `<workbook> (values).xlsx` beside the workbook (for a new one or one in the cloud: among your documents), "
        "with a number where that name is taken. It has no macros, none of our buttons, no links to other files (you are "
        "told which could not be removed), not your name, not the workbook's path, and nothing that says which companies "
        "you know. Our formulas are values, yours stay; what is known of the jobs is on a sheet *Manifest*.",
    ),
    Command(
        "keep list",
        "OpenFunnelKeepList",
        "OpenFunnelTable",
        "NameCreateFromSelection",
        "Keeps the companies of the selected cells under a name, by which `OF_NEW` knows them. Select the table of your "
        "customers, some of its columns, whole columns, or a single cell, which stands for all that is around it. The "
        "columns with websites, LinkedIn pages and e-mail addresses are found by what they hold; only what companies are "
        "compared by is kept, on this computer. It asks for the name, and before it replaces a list.",
        needs="cell",
        in_cells=True,
        in_calc=True,
        macros=(("OpenFunnelKeepList", _KEEP),),
    ),
    Command(
        "live",
        "OpenFunnelLiveToggle",
        "OpenFunnelLive",
        "MacroPlay",
        "On: cells update themselves while their jobs run. Off: no cell changes by itself, and jobs go on. "
        "It holds for all workbooks of this Excel until it ends. As macros: `OpenFunnelLiveOn`, `OpenFunnelLivePaused`.",
        kind="toggle",
        needs="",
        large=True,
        macros=(
            ("OpenFunnelLiveOn", "    OpenFunnelLive True"),
            ("OpenFunnelLivePaused", "    OpenFunnelLive False"),
        ),
    ),
    Command(
        "enter job",
        "OpenFunnelEnterJob",
        "OpenFunnelJob",
        "NameUseInFormula",
        "Lists the jobs seen on this computer, the latest first, with their states, and enters the one you choose into "
        "the selected cell, as text. It asks before it replaces something; Ctrl+Z takes it back.",
        kind="jobs",
        needs="cell",
        large=True,
        in_cells=True,
    ),
    Command(
        "cancel job",
        "OpenFunnelCancelJob",
        "OpenFunnelJob",
        "CancelRequest",
        "Asks first, then asks the service to cancel the selected cell's job, at once. What it delivered until then is "
        "billed.",
        needs="cell",
        in_cells=True,
        macros=(("OpenFunnelCancelJob", _CANCEL),),
    ),
    Command(
        "set key",
        "OpenFunnelSetKey",
        "OpenFunnelAccount",
        "AdpPrimaryKey",
        "Asks for the API key of your account in a window, tries it, and keeps it as `xl-openfunnel key set` does. It goes "
        "into no cell and no workbook. Jobs that waited for a key go on at once.",
        needs="",
        large=True,
    ),
    Command(
        "open help",
        "OpenFunnelOpenHelp",
        "OpenFunnelAbout",
        "Help",
        "Opens a page with the functions and buttons.",
        needs="",
    ),
    Command(
        "open log",
        "OpenFunnelOpenLog",
        "OpenFunnelAbout",
        "FileOpen",
        "Opens the log of what went wrong in cells. It never holds the key.",
        needs="",
    ),
)
"""All commands, in the ribbon's order."""


EARLIER_ACTIONS: Final = {"land table": "insert table", "send copy": "save values copy"}
"""The actions that workbooks made by version 0.1 send under another name, each with its present one."""

MODULE: Final = "OpenFunnelMacros"
"""The VBA module with the macros of all commands."""

_HEAD: Final = f"""\
Attribute VB_Name = "{MODULE}"
' Written by the package's builder from its commands: edit those, not this.
' What buttons, the ribbon and the macro list do. Python does the work and says in the status bar when it is done.
Option Explicit
#Const LibreOffice = False ' LibreOffice passes over this, and runs what VBA leaves out
"""


def macros_module() -> str:
    """The text of the module `MODULE`."""
    macros = (macro for command in COMMANDS for macro in command.vba)
    return "\n".join([_HEAD, *(f"Public Sub {name}()\n{lines}\nEnd Sub\n" for name, lines in macros)])
