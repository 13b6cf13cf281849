"""A command whose question may be an option of another program, as `rag ask --force`."""

from typing import Any

from typer.core import TyperCommand
from typer.exceptions import TyperException


class QuestionCommand(TyperCommand):
    """Takes an unknown option for the question where it stands first and no other words do."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except TyperException as error:
            unknown = getattr(error, "option_name", None)
            own = {name for each in self.params for name in (*each.opts, *each.secondary_opts)}
            if unknown is None or unknown in own or not given or given[0] != unknown:
                raise
            rest = super().parse_args(ctx, [*given[1:], "--", unknown])
            if len(ctx.params["question"]) > 1:  # a mistyped option among the words of a question
                raise
            return rest
