from api._vendored.apipkg import initpkg

initpkg(
    __name__,
    attr={"version": "1"},
    exportdefs={
        "path": {"local": "._path.local:Local"},
        "io": {"Capture": "._io.capture:Capture", "deep": {"Text": "._io.capture:Text"}},
        "test": "api_runner",
        "nowhere": "not_installed",
        "error": "._error:error",
    },
)
