"""Every command of ribbon, macro list and menus, once.

From these definitions come the add-in's ribbon, the macros that buttons call, Calc's menu, the help page and the guide.
What a command does is written in `hosts/excel/commands/handlers.py` and, where Calc has it, `hosts/calc/commands.py`,
under the same action.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import quoteattr


@dataclass(frozen=True)
class Command:
    """One button.

    Attributes:
        action: the text by which VBA asks Python for it; workbooks carry it, so it must not change.
        macro: the name of its macro, and of its control on the ribbon.
        caption: its name wherever it stands alone: Calc's menu, the help page, the guide.
        label: its name on the ribbon, below the group's.
        group: the ribbon's group.
        image: Office's own picture (imageMso).
        tip: the headline of its screen tip.
        supertip: the text of its screen tip.
        help: what it does, for the help page and the guide; Markdown without links.
        large: whether it is a large button.
        in_calc: whether Calc's menu has it.
        body: the macro's lines of VBA, where it does more than ask Python for the action.
    """

    action: str
    macro: str
    caption: str
    label: str
    group: str
    image: str
    tip: str
    supertip: str
    help: str
    large: bool = False
    in_calc: bool = False
    body: str = ""

    @property
    def vba(self) -> str:
        """The macro's lines."""
        return self.body or f'    OpenFunnelAct "{self.action}"'


GROUPS: Final = {
    "OpenFunnelRefresh": "Refresh",
    "OpenFunnelTable": "Table",
    "OpenFunnelLive": "Live",
    "OpenFunnelJob": "Job",
    "OpenFunnelAbout": "Help",
}
"""The ribbon's groups in their order, each with its label."""

_CANCEL: Final = """\
    Dim job As String
#If LibreOffice Then
    OpenFunnelAct "cancel job" ' it says what to do there
    Exit Sub
#End If
    job = OpenFunnelJobHere()
    If Len(job) = 0 Then Exit Sub
    If MsgBox("Cancel the job " & job & "?" & vbNewLine & vbNewLine & "It cannot be continued, and the companies" & _
            " delivered so far are billed.", vbYesNo + vbExclamation + vbDefaultButton2, "OpenFunnel") = vbYes Then
        OpenFunnelAct "cancel job", job
    End If"""

COMMANDS: Final = (
    Command(
        "refresh cell",
        "OpenFunnelRefreshCell",
        "Refresh cell",
        "This cell",
        "OpenFunnelRefresh",
        "Refresh",
        "Refresh this cell's job",
        "Asks the service again for the job of the selected cell. A final job stays as it is.",
        "Asks the service again for the job of the selected cell. A final job cannot change and is left alone.",
        large=True,
    ),
    Command(
        "refresh sheet",
        "OpenFunnelRefreshSheet",
        "Refresh sheet",
        "This sheet",
        "OpenFunnelRefresh",
        "Refresh",
        "Refresh this sheet's jobs",
        "Asks the service again for every job of this sheet. Final jobs stay as they are.",
        "The same for every job of the sheet. The status bar says `3 refreshed, 1 failed, 2 unchanged`: unchanged are "
        "final jobs.",
    ),
    Command(
        "refresh book",
        "OpenFunnelRefreshBook",
        "Refresh",
        "This workbook",
        "OpenFunnelRefresh",
        "RefreshAll",
        "Refresh this workbook's jobs",
        "Asks the service again for every job of this workbook. Final jobs stay as they are.",
        "The same for every job of the workbook.",
        in_calc=True,
    ),
    Command(
        "refresh final",
        "OpenFunnelRefreshFinal",
        "Refresh final jobs too",
        "Also final jobs",
        "OpenFunnelRefresh",
        "RefreshAll",
        "Refresh final jobs too",
        "Reads all jobs of this workbook again, also those that are final and stored. It costs no credits.",
        "Reads all jobs of the workbook again, also those that are final and stored. It costs no credits.",
        in_calc=True,
    ),
    Command(
        "insert table",
        "OpenFunnelInsertTable",
        "Insert as table",
        "Insert as table",
        "OpenFunnelTable",
        "TableInsertExcel",
        "Insert the job's companies as a table",
        "Writes the companies of the selected cell's job as an Excel table of values, with full texts and a manifest. "
        "Inserting again updates it and keeps your own columns.",
        "Writes the companies of the selected cell's job, else of the workbook's cell named `job`, as the Excel table "
        "`OpenFunnelRows`: on the sheet *Table*, in another workbook on a new sheet. Inserting again updates it; your own "
        "columns and notes stay with their companies.",
        large=True,
        in_calc=True,
    ),
    Command(
        "refresh pivots",
        "OpenFunnelRefreshPivots",
        "Refresh pivots",
        "Refresh pivots",
        "OpenFunnelTable",
        "PivotTableInsert",
        "Refresh the pivots",
        "Updates the pivot tables that read the inserted table.",
        "Updates the pivots that read that table; inserting does so too.",
        in_calc=True,
    ),
    Command(
        "save values copy",
        "OpenFunnelSaveValuesCopy",
        "Save values copy",
        "Save values copy",
        "OpenFunnelTable",
        "FileSaveAs",
        "Save a copy for others",
        "Writes a copy of this workbook without macros and links, with values in place of our formulas.",
        "Saves `<workbook> (values).xlsx` beside the workbook (for a new one or one in the cloud: among your documents), "
        "with a number where that name is taken. It has no macros, none of our buttons, no links to other files (you are "
        "told which could not be removed), not your name and not the workbook's path. Our formulas are values, yours "
        "stay; what is known of the jobs is on a sheet *Manifest*.",
    ),
    Command(
        "live on",
        "OpenFunnelLiveOn",
        "Live on",
        "On",
        "OpenFunnelLive",
        "MacroPlay",
        "Cells keep themselves up to date",
        "Cells of running jobs follow what the service says.",
        "Cells update themselves while their jobs run.",
        body="    OpenFunnelLive True",
    ),
    Command(
        "live paused",
        "OpenFunnelLivePaused",
        "Live paused",
        "Paused",
        "OpenFunnelLive",
        "MacroRecorderStop",
        "Cells stay as they are",
        "No cell changes by itself until Live is on again. Jobs go on.",
        "No cell changes by itself until Live is on again. Jobs go on.",
        body="    OpenFunnelLive False",
    ),
    Command(
        "cancel job",
        "OpenFunnelCancelJob",
        "Cancel",
        "Cancel",
        "OpenFunnelJob",
        "CancelRequest",
        "Cancel the selected cell's job",
        "Asks first. The companies delivered so far are billed.",
        "Asks first, then asks the service to stop the selected cell's job, at once. What it delivered until then is "
        "billed.",
        body=_CANCEL,
    ),
    Command(
        "open help",
        "OpenFunnelOpenHelp",
        "Help",
        "Help",
        "OpenFunnelAbout",
        "Help",
        "What the functions do",
        "Opens the description of the functions.",
        "Opens a page with the functions and buttons.",
    ),
    Command(
        "open log",
        "OpenFunnelOpenLog",
        "Open log",
        "Open log",
        "OpenFunnelAbout",
        "FileOpen",
        "What went wrong",
        "Opens the log of what went wrong in cells. It never holds the key.",
        "Opens the log of what went wrong in cells. It never holds the key.",
    ),
)
"""All commands, in the ribbon's order."""


EARLIER_ACTIONS: Final = {"land table": "insert table", "send copy": "save values copy"}
"""The actions that workbooks made by version 0.1 send under another name, each with its present one."""

NAMESPACE: Final = "http://schemas.microsoft.com/office/2009/07/customui"
_CALLBACK: Final = "OpenFunnelRibbon"
"""The add-in's macro for all controls; each control is named after its own macro."""


def ribbon(commands: Iterable[Command] = COMMANDS, groups: Mapping[str, str] = GROUPS) -> str:
    """The part customUI/customUI14.xml: one tab, a group for each of ``groups``, a button for each command."""
    listed = list(commands)
    parts = "".join(
        f"        <group id={quoteattr(group)} label={quoteattr(label)}>\n"
        + "".join(_button(command) for command in listed if command.group == group)
        + "        </group>\n"
        for group, label in groups.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        f'<customUI xmlns="{NAMESPACE}">\n  <ribbon>\n    <tabs>\n'
        f'      <tab id="OpenFunnelTab" label="OpenFunnel">\n{parts}      </tab>\n'
        "    </tabs>\n  </ribbon>\n</customUI>\n"
    )


def _button(command: Command) -> str:
    attributes = {
        "id": command.macro,
        "label": command.label,
        "imageMso": command.image,
        **({"size": "large"} if command.large else {}),
        "onAction": _CALLBACK,
        "screentip": command.tip,
        "supertip": command.supertip,
    }
    return f"          <button {' '.join(f'{name}={quoteattr(text)}' for name, text in attributes.items())}/>\n"


MODULE: Final = "OpenFunnelMacros"
"""The VBA module with a macro for each command."""

_HEAD: Final = f"""\
Attribute VB_Name = "{MODULE}"
' Written by the package's builder from its commands: edit those, not this.
' What buttons, the ribbon and the macro list do. Python does the work and says in the status bar when it is done.
Option Explicit
#Const LibreOffice = False ' LibreOffice passes over this, and runs what VBA leaves out
"""


def macros_module(commands: Iterable[Command] = COMMANDS) -> str:
    """The text of the module `MODULE`."""
    subs = (f"Public Sub {command.macro}()\n{command.vba}\nEnd Sub\n" for command in commands)
    return "\n".join([_HEAD, *subs])
