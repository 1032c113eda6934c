"""Converts the Markdown that manual pages take from the documents to mdoc: sections, paragraphs, tables and code."""
import itertools
import re
import textwrap

from mdoc import argument


def cells(row):
    return [cell.strip() for cell in row.strip().strip("|").split(" | ")]


class Document:
    """A document or a part of one: blocks of lines that blank lines separate."""

    def __init__(self, text):
        self.blocks = [block.split("\n") for block in re.split(r"\n\n+", text.strip())]

    def _of(self, blocks):
        document = Document("")
        document.blocks = blocks
        return document

    def section(self, title):
        """Returns the blocks between the heading `## title` (if None, the first `# `) and the next heading."""
        heading = f"## {title}" if title else None
        found = None
        for index, block in enumerate(self.blocks):
            if block[0].startswith("#"):
                if found is not None:
                    return self._of(self.blocks[found + 1:index])
                if block[0] == heading or heading is None and block[0].startswith("# "):
                    found = index
        if found is None:
            raise SystemExit(f"no section '{title}' in the document")
        return self._of(self.blocks[found + 1:])

    def after_table(self, column):
        """Returns the table whose first column has this title, and all blocks after it."""
        for index, block in enumerate(self.blocks):
            if block[0].startswith(f"| {column} |"):
                return self._of(self.blocks[index:])
        raise SystemExit(f"no table with the first column '{column}' in the document")

    def write(self, page):
        """Writes the blocks to an mdoc page."""
        for block in self.blocks:
            if block[0].startswith("|"):
                write_table(page, [cells(row) for row in block])
            elif block[0].startswith("    "):
                page.literal([line[4:] for line in block])
            else:
                page.paragraph()
                page.text(" ".join(block))


def write_table(page, rows):
    """Writes two columns as a tagged list, and more as text of fixed width, because the columns of mdoc do not wrap."""
    titles, _, *rows = [[cell.replace("`", "") for cell in row] for row in rows]
    if len(titles) == 2:
        page.macro("Bl -tag -width Ds")
        for tag, text in rows:
            page.macro("It " + argument(tag))
            page.text(text + ("" if text.endswith(".") else "."))
        page.macro("El")
        return
    width = 66 // len(titles) - 2
    lines = []
    for row in [titles] + rows:
        wrapped = [textwrap.wrap(cell, width) for cell in row]
        for parts in itertools.zip_longest(*wrapped, fillvalue=""):
            lines.append("  ".join(part.ljust(width) for part in parts).rstrip())
    page.literal(lines)
