Attribute VB_Name = "OpenFunnelRibbon"
' What Excel asks of the ribbon and of the menu of cells. A control's tag is what it needs, "|", and its action.
' Add-in and workbook have other names for these: Excel may call another open file's Sub of the same name.
Option Explicit

Public Sub {Prefix}Loaded(ui As IRibbonUI)
    Set openRibbon = ui
End Sub

Public Sub {Prefix}Visible(control As IRibbonControl, ByRef shown As Variant)
    shown = OpenFunnelShowsRibbon()
End Sub

Public Sub {Prefix}Group(control As IRibbonControl, ByRef text As Variant)
    text = OpenFunnelText("group " & ActionOf(control))
End Sub

Public Sub {Prefix}Label(control As IRibbonControl, ByRef text As Variant)
    text = OpenFunnelText("label " & ActionOf(control))
End Sub

Public Sub {Prefix}Caption(control As IRibbonControl, ByRef text As Variant)
    text = OpenFunnelText("caption " & ActionOf(control))
End Sub

Public Sub {Prefix}Screentip(control As IRibbonControl, ByRef text As Variant)
    text = OpenFunnelText("tip " & ActionOf(control))
End Sub

Public Sub {Prefix}Supertip(control As IRibbonControl, ByRef text As Variant)
    text = OpenFunnelText("supertip " & ActionOf(control))
End Sub

Public Sub {Prefix}Keytip(control As IRibbonControl, ByRef text As Variant)
    text = OpenFunnelText("keytip " & ActionOf(control))
End Sub

Public Sub {Prefix}Enabled(control As IRibbonControl, ByRef usable As Variant)
    usable = OpenFunnelIsUsable(Split(control.Tag, "|")(0))
End Sub

Public Sub {Prefix}Pressed(control As IRibbonControl, ByRef pressed As Variant)
    pressed = OpenFunnelIsLive()
End Sub

Public Sub {Prefix}Toggle(control As IRibbonControl, pressed As Boolean)
    OpenFunnelLive pressed
End Sub

Public Sub {Prefix}Press(control As IRibbonControl)
    Application.Run MacrosOfThis() & OpenFunnelMacroOf(control.ID)
End Sub

Public Sub {Prefix}Jobs(control As IRibbonControl, ByRef menu As Variant)
    menu = OpenFunnelJobMenu("{Prefix}Job")
End Sub

Public Sub {Prefix}Job(control As IRibbonControl)
    OpenFunnelEnterJob control.Tag
End Sub

Private Function ActionOf(ByVal control As Object) As String
    ActionOf = Split(control.Tag, "|")(1)
End Function
