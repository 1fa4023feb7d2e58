@echo off
rem XL OpenFunnel for Excel on Windows: double-click this file. Needs no administrator, only a 64-bit Python 3.11 or newer.
rem Delayed expansion stays off, and blocks in parentheses hold no paths: names of folders may hold ! & % ( and ).
setlocal EnableExtensions DisableDelayedExpansion
title XL OpenFunnel
set "HERE=%~dp0"
set "HOMEDIR=%OPENFUNNEL_CACHE_DIR%"
if not defined HOMEDIR set "HOMEDIR=%LOCALAPPDATA%\xl-openfunnel"
set "ENVDIR=%HOMEDIR%\python"
set "ENVPY=%ENVDIR%\Scripts\python.exe"
rem cmd looks for programs in the current folder first, where malware may have put a py.exe beside this file.
cd /d "%SystemRoot%"
rem The Pythons that pip starts take modules from these, -I or not.
set "PYTHONPATH="
set "PYTHONHOME="

rem What to install: a wheel beside this file, else the folder above it.
set "SOURCE="
pushd "%HERE%"
for %%W in (xl_openfunnel-*.whl) do set "SOURCE=%HERE%%%W"
popd
if not defined SOURCE if exist "%HERE%..\pyproject.toml" if exist "%HERE%..\xl_openfunnel\__init__.py" set "SOURCE=%HERE%.."
if not defined SOURCE goto :incomplete

rem A Python of 3.11 or newer; not one of 32 bits, for which DuckDB and pandas have no packages, and not one of the
rem Microsoft Store, of which Excel does not see what it installs.
set "PROBE=import sys; sys.exit(sys.version_info < (3, 11) or sys.maxsize < 2**32 or 'windowsapps' in sys.base_prefix.lower())"
set "AGAIN="
set "PY="
py -3 -I -c "%PROBE%" >nul 2>nul
if "%errorlevel%"=="0" set "PY=py -3"
if defined PY goto :python
python -I -c "%PROBE%" >nul 2>nul
if "%errorlevel%"=="0" set "PY=python"
if defined PY goto :python
for /d %%D in ("%LOCALAPPDATA%\Programs\Python\Python3*") do if exist "%%D\python.exe" "%%D\python.exe" -I -c "%PROBE%" >nul 2>nul && set PY="%%D\python.exe"
for /d %%D in ("%ProgramFiles%\Python3*") do if exist "%%D\python.exe" "%%D\python.exe" -I -c "%PROBE%" >nul 2>nul && set PY="%%D\python.exe"
for /d %%D in ("%LOCALAPPDATA%\Python\pythoncore-3*") do if exist "%%D\python.exe" "%%D\python.exe" -I -c "%PROBE%" >nul 2>nul && set PY="%%D\python.exe"
for /d %%D in ("%APPDATA%\uv\python\cpython-3*") do if exist "%%D\python.exe" "%%D\python.exe" -I -c "%PROBE%" >nul 2>nul && set PY="%%D\python.exe"
if not defined PY goto :nopython

:python
rem An environment from which a program runs cannot be renamed: then Excel is open. One that could not be renamed back,
rem as while it is searched for viruses, still has the other name.
if exist "%ENVDIR%" rmdir /s /q "%HOMEDIR%\python.busy" 2>nul
if exist "%HOMEDIR%\python.busy" ren "%HOMEDIR%\python.busy" python
if not exist "%ENVDIR%" goto :make
ren "%ENVDIR%" python.busy 2>nul
if errorlevel 1 goto :inuse
ren "%HOMEDIR%\python.busy" python
if errorlevel 1 goto :inuse
"%ENVPY%" -I -c "%PROBE%" >nul 2>nul
if "%errorlevel%"=="0" set "AGAIN=1"
if defined AGAIN goto :install

:make
echo Making a Python for Excel ...
if not exist "%HOMEDIR%" mkdir "%HOMEDIR%"
%PY% -I -m venv --clear "%ENVDIR%"
if errorlevel 1 goto :failed

:install
echo Installing: a minute or two ...
rem Eager: else what ours needs would stay as old as it may be.
"%ENVPY%" -I -m pip install --no-user --disable-pip-version-check --quiet --upgrade --upgrade-strategy eager "%SOURCE%"
if errorlevel 1 goto :nopip
rem The same version again, perhaps of another day, which pip would take for installed.
if not defined AGAIN goto :setup
"%ENVPY%" -I -m pip install --no-user --disable-pip-version-check --quiet --no-deps --force-reinstall "%SOURCE%"
if errorlevel 1 goto :nopip
:setup
"%ENVPY%" -I -m xl_openfunnel install
if errorlevel 1 goto :failed

"%ENVPY%" -I -m xl_openfunnel key show >nul 2>nul
if not errorlevel 1 goto :workbook
echo.
"%ENVPY%" -I -m xl_openfunnel key set --window
if errorlevel 2 "%ENVPY%" -I -m xl_openfunnel key set
if errorlevel 1 echo To give the API key later, double-click this file again.

:workbook
set "BOOK=%USERPROFILE%\OpenFunnel.xlsm"
if exist "%BOOK%" goto :open
"%ENVPY%" -I -m xl_openfunnel workbook -o "%BOOK%"
if errorlevel 1 goto :failed
:open
echo.
echo Done. The workbook is "%BOOK%"
start "" "%BOOK%"
pause
exit /b 0

:incomplete
echo Nothing to install was found beside this file. If you opened it inside a ZIP file: right-click the ZIP file,
echo choose "Extract All", and double-click workbook\install.cmd in the new folder.
goto :stop

:nopython
echo XL OpenFunnel needs a 64-bit Python 3.11 or newer, not from the Microsoft Store, and there is none here. To get it,
echo press the Windows key and R, paste this line, press Enter, wait until its window closes, and double-click this file
echo again:
echo.
echo     winget install --exact --id Python.Python.3.13 --scope user
goto :stop

:inuse
echo The Python for Excel is in use. Close all windows of Excel, and double-click this file again.
goto :stop

:nopip
echo.
echo pip could not install what XL OpenFunnel needs. Are you online? If your company has a package index or a proxy of
echo its own, tell pip of it, for example: py -m pip config set global.index-url ADDRESS
goto :stop

:failed
echo.
echo XL OpenFunnel is not installed. What is above says why.

:stop
echo.
pause
exit /b 1
