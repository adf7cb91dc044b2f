import library as lib

lib.tools.deeper
