"""A preset for rass 0.3: ty and Speclens as one server. `rass PATH/ty_speclens.py` speaks the protocol on stdin and stdout."""

from rassumfrassum.frassum import LspLogic

HOVER = "textDocument/hover"


class Both(LspLogic):
    """What both servers show of a name is shown; rass by itself asks only the first for it."""

    async def on_client_request(self, method, params, servers):
        if method == HOVER:
            return [server for server in servers if server.caps.get("hoverProvider")]
        return await super().on_client_request(method, params, servers)

    def process_responses(self, method, items):
        if method != HOVER:
            return super().process_responses(method, items)
        contents = [item.payload["contents"] for item in items if item.payload and not item.is_error]
        if not contents:
            return None, False
        text = "\n\n".join(content["value"] for content in contents)
        return {"contents": {"kind": contents[0]["kind"], "value": text}}, False


def servers():
    return [["ty", "server"], ["speclens", "server"]]


def logic_class():
    return Both
