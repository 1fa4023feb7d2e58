@echo off
rem Takes away what install.cmd made, and the API keys and what is stored if the user says so. What the user wrote stays.
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
rem Afterwards nothing is here any more that could do this. Without anybody to ask, as in a script, they stay.
set "KEPT=The API keys, the stored jobs, the known lists, the log and the workbook stay."
set "ANSWER="
echo Remove the API keys, the stored jobs, the known lists and the log too? They stay if you only press Enter.
set /p "ANSWER=Type y to remove them: "
if /i not "%ANSWER%"=="y" goto :uninstall
"%ENVPY%" -I -m xl_openfunnel forget --all --yes
if errorlevel 1 goto :failed
"%ENVPY%" -I -m xl_openfunnel key remove --all
if errorlevel 1 goto :failed
set "KEPT="

:uninstall
rem Quiet, since it would say what to remove by hand, which is done here.
"%ENVPY%" -I -m xl_openfunnel --quiet uninstall
if errorlevel 1 goto :failed
rmdir /s /q "%ENVDIR%"
if exist "%ENVDIR%" goto :inuse
if defined KEPT goto :removed
rem The store is empty now, and the other files are made again when they are needed.
for %%F in (store.sqlite3 store.sqlite3-wal store.sqlite3-shm export-id help.html) do del /q "%HOMEDIR%\%%F" 2>nul
for %%D in ("%HOMEDIR%" "%HOMEDIR%\Logs") do del /q "%%~D\xl-openfunnel.log" "%%~D\xl-openfunnel.log.?" 2>nul
rmdir "%HOMEDIR%\Logs" 2>nul
set "KEPT=The workbook stays."
:removed
rem Only if it is empty: the stored jobs may be there.
rmdir "%HOMEDIR%" 2>nul
echo.
echo XL OpenFunnel is removed. %KEPT%
if exist "%HOMEDIR%\known\shared-hosts.txt" echo Your own "%HOMEDIR%\known\shared-hosts.txt" stays too.
pause
exit /b 0

:nothing
echo There is nothing to remove in "%HOMEDIR%".
goto :stop

:inuse
echo The Python for Excel is in use. Close all windows of Excel, and double-click this file again.
goto :stop

:failed
echo XL OpenFunnel could not be removed. Close all windows of Excel, and double-click this file again. If that does not
echo help, double-click install.cmd, then this file again.

:stop
echo.
pause
exit /b 1
