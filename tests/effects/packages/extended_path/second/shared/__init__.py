from pkgutil import extend_path

import never

__path__ = extend_path(__path__, __name__)
