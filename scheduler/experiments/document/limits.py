"""How large a file may be, and what it may ask for, before a person has to say that it is meant."""

from __future__ import annotations

from scheduler.errors import UserError
from scheduler.values import dataclass

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """`size` in bytes; `depth` in levels; `values` of one YAML file, every alias counted as what it stands for."""

    size: int = 16 * MIB
    depth: int = 100
    values: int = 1_000_000
    experiments: int = 1_000_000

    def too_deep(self) -> UserError:
        return UserError(f"nested deeper than {self.depth} levels", next_step="flatten the file, or raise --max-depth")

    def too_large(self) -> UserError:
        next_step = 'let "grid" write the combinations, or raise --max-size'
        return UserError(f"the file is larger than {self.size // MIB} MiB", next_step=next_step)

    def too_many_values(self) -> UserError:
        what = f"more than {self.values:,} values, aliases counted as what they stand for"
        return UserError(what, next_step='use "grid" instead of aliases, or raise --max-values')

    def too_many_experiments(self, count: int) -> UserError:
        what = f"the file asks for {count:,} experiments, more than {self.experiments:,}"
        return UserError(what, next_step=f"take values out of its grid, or add --max-experiments {count} if that is meant")


DEFAULT = Limits()
