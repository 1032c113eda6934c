"""A manual page in the language of mdoc(7)."""
import re
import textwrap

WIDTH = 78


def escaped(text):
    """Text without special meaning for roff. Options keep a minus that can be copied."""
    text = text.replace("\\", "\\e")
    return re.sub(r"--|(?<![\w`])-(?=\w)", lambda match: "\\-" * len(match[0]), text)


def argument(text):
    """Text in the line of a macro: a word that looks like a macro must not be one."""
    return " ".join(
        "\\&" + word if re.fullmatch(r"[A-Z%][A-Za-z0-9]{1,2}|[.,:;()\[\]?!|]", word) else word
        for word in escaped(text).replace('"', "\\(dq").split())


class Page:
    """Collects the lines of a page."""

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
        """Running text, one sentence a line as mdoc(7) requires. `code` is bold."""
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
        text = re.sub(r"\bdocs/(?=[\w-]+\.md|schema)", self.documents.rstrip("/") + "/docs/", text)
        for sentence in re.split(r"(?<=[.!?]) +", text):
            code = re.sub(r"`+([^`]+)`+", r"\\fB\1\\fR", escaped(sentence).replace("\\", "\0")).replace("\0", "\\")
            for line in textwrap.wrap(code, WIDTH, break_long_words=False, break_on_hyphens=False):
                self.lines.append("\\&" + line if line[0] in ".'" else line)

    def literal(self, lines):
        """Lines as they are."""
        self.macro("Bd -literal -offset indent")
        for line in lines:
            line = escaped(line)
            self.lines.append("\\&" + line if line[:1] in (".", "'") else line)
        self.macro("Ed")
