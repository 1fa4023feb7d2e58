"""Excel on Windows, through COM."""
