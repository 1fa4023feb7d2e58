@echo off
rem Takes away what install.cmd made. The API key, the stored jobs, the log and the workbook stay.
setlocal EnableExtensions DisableDelayedExpansion
title XL OpenFunnel
set "HOMEDIR=%OPENFUNNEL_CACHE_DIR%"
if not defined HOMEDIR set "HOMEDIR=%LOCALAPPDATA%\xl-openfunnel"
set "ENVDIR=%HOMEDIR%\python"
set "ENVPY=%ENVDIR%\Scripts\python.exe"

rem The other name is explained in install.cmd.
if exist "%ENVDIR%" rmdir /s /q "%HOMEDIR%\python.busy" 2>nul
if exist "%HOMEDIR%\python.busy" ren "%HOMEDIR%\python.busy" python
if not exist "%ENVDIR%" goto :nothing
rem An environment from which a program runs cannot be renamed: then Excel is open.
ren "%ENVDIR%" python.busy 2>nul
if errorlevel 1 goto :inuse
ren "%HOMEDIR%\python.busy" python
if errorlevel 1 goto :inuse
"%ENVPY%" -I -m xl_openfunnel uninstall 2>nul
if errorlevel 1 goto :failed
rmdir /s /q "%ENVDIR%"
if exist "%ENVDIR%" goto :inuse
rem Only if it is empty: the stored jobs may be there.
rmdir "%HOMEDIR%" 2>nul
echo.
echo XL OpenFunnel is removed. The API key, the stored jobs, the log and the workbook stay.
pause
exit /b 0

:nothing
echo There is nothing to remove in "%HOMEDIR%".
goto :stop

:inuse
echo The Python for Excel is in use. Close all windows of Excel, and double-click this file again.
goto :stop

:failed
echo XL OpenFunnel could not be removed. Close all windows of Excel; else double-click install.cmd, then this file again.

:stop
echo.
pause
exit /b 1
