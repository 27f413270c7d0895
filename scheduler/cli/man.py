"""`exp-queue man`: the manual page, made of what the commands say of themselves."""

from __future__ import annotations

import sys

import click


@click.command()
@click.option("--markdown", is_flag=True, help="The commands as a page of Markdown instead.")
def man(markdown: bool) -> int:
    """Print the manual page.

    \b
    exp-queue man | man -l -
    exp-queue man > ~/.local/share/man/man1/exp-queue.1
    """
    from scheduler.cli import main, reference

    sections = {
        title: [reference.described(main.commands, name, main.COMMANDS[name][1]) for name in names]
        for title, names in main.SECTIONS.items()
    }
    about = main.commands.help or ""
    text = reference.markdown(sections) if markdown else reference.manual(main.__version__, about, sections)
    sys.stdout.write(text)
    return 0
