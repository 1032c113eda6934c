"""Writes a manual page in the language mdoc(7)."""
import re
import textwrap

WIDTH = 78


def escaped(text):
    """Returns the text with backslashes escaped for roff, and hyphens of options written as ASCII minus signs."""
    text = text.replace("\\", "\\e")
    return re.sub(r"--|(?<![\w`])-(?=\w)", lambda match: "\\-" * len(match[0]), text)


def argument(text):
    """Returns the text as arguments of a macro. Escapes words that mdoc would interpret as macros or delimiters."""
    return " ".join(
        "\\&" + word if re.fullmatch(r"[A-Z%][A-Za-z0-9]{1,2}|[.,:;()\[\]?!|]", word) else word
        for word in escaped(text).replace('"', "\\(dq").split())


class Page:
    """A manual page under construction: a list of lines."""

    def __init__(self, documents):
        self.lines = []
        self.documents = documents

    @property
    def contents(self):
        return "\n".join(self.lines) + "\n"

    def macro(self, line):
        self.lines.append("." + line)

    def section(self, title):
        self.macro("Sh " + title)

    def paragraph(self):
        # A heading begins a paragraph itself, so mandoc warns about .Pp after it.
        if not self.lines[-1].startswith(".Sh"):
            self.macro("Pp")

    def cross_reference(self, name, section, end=""):
        self.macro(f"Xr {name} {section} {end}".rstrip())

    def text(self, text):
        """Writes running text. Each sentence begins a new line, as mdoc(7) requires.

        `code` becomes bold, links lose their targets, and paths below docs/ become those of the installed documents.
        """
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
        text = re.sub(r"\bdocs/(?=[\w-]+\.md|schema)", self.documents.rstrip("/") + "/docs/", text)
        for sentence in re.split(r"(?<=[.!?]) +", text):
            code = re.sub(r"`+([^`]+)`+", r"\\fB\1\\fR", escaped(sentence).replace("\\", "\0")).replace("\0", "\\")
            for line in textwrap.wrap(code, WIDTH, break_long_words=False, break_on_hyphens=False):
                self.lines.append("\\&" + line if line[0] in ".'" else line)

    def literal(self, lines):
        """Writes lines that keep their breaks and spaces."""
        self.macro("Bd -literal -offset indent")
        for line in lines:
            line = escaped(line)
            self.lines.append("\\&" + line if line[:1] in (".", "'") else line)
        self.macro("Ed")
