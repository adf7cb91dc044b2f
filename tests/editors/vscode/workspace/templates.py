from pathlib import Path

import acme.core

print(acme.core, Path(acme.__file__).with_name("templates"))
