"""For every Python that a bench starts. An installation for development gives each package of its checkout the modules that
another revision of the package lacks; what is measured then would be of neither."""

import sys

sys.meta_path[:] = [each for each in sys.meta_path if not getattr(each, "__module__", "").startswith("__editable__")]
