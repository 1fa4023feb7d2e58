' A control of the ribbon.
Option VBASupport 1
Option ClassModule
Option Explicit

Public ID As String
Public Tag As String
