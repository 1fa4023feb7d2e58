"""A stand-in for Excel, as far as functions in cells and a thread that refreshes them can tell.

It is a fake: no VBA, no display, no file but for itself, and none of Excel's own code. What it does, it does because
Excel is documented or known to do so:

- Formulas call functions with the values of cells; results spill, grow, shrink, and show `#SPILL!` where something is
  in the way. A formula set through `Range.Formula` shows one value only. Without dynamic arrays nothing spills.
- Automatic and manual calculation; `Range.Dirty` marks and, unless calculation is manual, calculates;
  `Application.Calculate` calculates what is marked, `Range.Calculate` the range whatever is marked. A change, `Dirty`
  and a recalculation that shows something else make a book unsaved; closed so, it asks.
- It is German: with another locale than English, calls take and give formats and formulas in German.
- What its user does can be undone until a program changes a sheet. A function's array with a text of over 255
  characters fails as a whole.
- Inserted rows move cells and references without any recalculation; sheets and books are renamed, deleted, closed,
  after which references to them fail.
- While it calculates it lets in only calls nested in the function it waits for. It can be editing a cell or showing a
  dialog (every call is rejected) and it can answer VBA_E_IGNORE to everything. What writes or calculates from outside
  ends the marching ants of a copy.
- What is entered becomes a number, a date, a logical value or a formula where it looks like one, unless the cell has
  the format of text or an apostrophe comes first. An empty text leaves nothing.
- Tables grow and shrink, are filtered and have totals; a sort moves all that is on a cell, but no hidden line; pivots
  show what they read last. A copy on disk opens with what it showed, where nothing is calculated.
- Protected sheets refuse writes and `SpecialCells`, but not `Dirty` and `Calculate`.
- It is found by its windows, one XLMAIN for each book, whose handle dies with the book.

What it does not claim: Excel's order of calculation, number formats but the one for text, dates but the simplest,
styles, structured references, volatile functions, multithreaded calculation, the wizard, and the timing of
anything. Where it is not known for certain what Excel does, there is a switch (`dirty_recalculates`, `dirty_ignored`,
`spilled_cells_have_formulas`, `text_cells_take_apostrophes`): code has to hold with either.
"""
