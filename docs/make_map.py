"""Write the map of the modules into CONTRIBUTING.md, out of what each says of itself.

python docs/make_map.py
"""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "vidnst"
_BEGIN, _END = "<!-- map -->\n", "<!-- end of map -->\n"


def tree_map() -> str:
    """A table for each package: its files, and the first sentence of each one's docstring."""
    lines: list[str] = []
    for init in sorted(PACKAGE.rglob("__init__.py")):
        folder = init.parent
        lines += [f"**`{folder.relative_to(ROOT).as_posix()}/`** {_job(init)}\n"]
        rows = [
            f"| `{path.name}` | {_job(path)} |"
            for path in sorted(folder.glob("*.py"))
            if not path.name.startswith("__")
        ]
        lines += ["| file | job |\n| --- | --- |\n" + "\n".join(rows) + "\n"] if rows else []
    return "\n".join(lines)


def _job(path: Path) -> str:
    told = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return told.partition("\n\n")[0].replace("\n", " ").replace("|", "\\|")


def with_map(text: str) -> str:
    """A text with the map as it is now between its marks."""
    before, rest = text.split(_BEGIN)
    return f"{before}{_BEGIN}\n{tree_map()}\n{_END}{rest.split(_END)[1]}"


if __name__ == "__main__":
    page = ROOT / "CONTRIBUTING.md"
    page.write_text(with_map(page.read_text("utf-8")), "utf-8")
