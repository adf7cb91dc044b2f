-- Run as `nvim --headless --clean -u neovim.lua`: opens a file of the tour with the plugin in editors/neovim and writes
-- what a user would see, step by step, as JSON into $SPECLENS_REPORT. With $SPECLENS_OLD the plugin sees an editor without
-- `vim.lsp.enable`, as 0.9 and 0.10 are.

-- Else Neovim's own Python support starts every interpreter on PATH.
vim.g.loaded_python3_provider = 0
vim.o.swapfile = false

local report = {}

local function finish()
  local file = assert(io.open(vim.env.SPECLENS_REPORT, 'w'))
  file:write(vim.json.encode(report))
  file:close()
  vim.cmd('qall!')
end

-- Waits until `done` answers true; a step that does not come about is in the report by its name.
local function wait(what, done)
  if not vim.wait(30000, done, 10) then
    report.timeout = what
    error('no ' .. what)
  end
end

local function diagnostics(buffer)
  local shown = {}
  for _, diagnostic in ipairs(vim.diagnostic.get(buffer)) do
    local related = {}
    local lsp = (diagnostic.user_data or {}).lsp or {}
    for _, information in ipairs(lsp.relatedInformation or {}) do
      table.insert(related, {
        message = information.message,
        file = vim.uri_to_fname(information.location.uri),
        line = information.location.range.start.line + 1,
      })
    end
    table.insert(shown, {
      line = diagnostic.lnum + 1,
      column = diagnostic.col + 1,
      rule = diagnostic.code,
      source = diagnostic.source,
      severity = vim.diagnostic.severity[diagnostic.severity],
      message = diagnostic.message,
      related = related,
    })
  end
  table.sort(shown, function(one, other)
    return one.line < other.line
  end)
  return shown
end

-- The text of the floating window that the user's own key for hovering opens.
local function hover(line, column)
  vim.api.nvim_win_set_cursor(0, { line, column - 1 })
  vim.lsp.buf.hover()
  local text
  wait('hover at ' .. line .. ':' .. column, function()
    for _, window in ipairs(vim.api.nvim_list_wins()) do
      if vim.api.nvim_win_get_config(window).relative ~= '' then
        text = table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false), '\n')
        vim.api.nvim_win_close(window, true)
        return true
      end
    end
  end)
  return text
end

-- Whether the server answers at all; the float stays closed where it has nothing to say.
local function answers(client, buffer, line, column)
  local response = client:request_sync('textDocument/hover', {
    textDocument = vim.lsp.util.make_text_document_params(buffer),
    position = { line = line - 1, character = column - 1 },
  }, 30000, buffer)
  return response ~= nil and response.err == nil and response.result ~= nil and response.result ~= vim.NIL
end

local function settle(buffer, count)
  wait(count .. ' diagnostics', function()
    return #vim.diagnostic.get(buffer) == count
  end)
  return diagnostics(buffer)
end

-- Runs a command of the user's and gives the text of the window that it opens.
local function window_of(command, name)
  vim.cmd(command)
  local text
  wait('window of ' .. command, function()
    local buffer = vim.fn.bufnr(name)
    text = buffer ~= -1 and table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\n') or ''
    return text ~= ''
  end)
  vim.cmd.close()
  return text
end

local function health()
  vim.cmd('checkhealth speclens')
  local text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')
  vim.cmd('bwipeout!')
  return text
end

-- What the plugin adds to the server.
local function plugin(client, buffer, import_line)
  report.completion = vim.fn.getcompletion('Speclens e', 'cmdline')
  report.health = health()
  report.env = window_of('Speclens env', 'speclens://env')
  report.explain = window_of('Speclens explain settings', 'speclens://explain settings')
  vim.api.nvim_win_set_cursor(0, { import_line, #'import s' })
  report.explain_under_cursor = window_of('Speclens explain', 'speclens://explain settings')
  vim.cmd('helptags ' .. vim.fn.fnameescape(vim.env.SPECLENS_RUNTIME .. '/doc'))
  vim.cmd('help :Speclens-explain')
  report.help = vim.fn.expand('%:t')
  vim.cmd('helpclose')

  vim.cmd('Speclens restart')
  local restarted
  wait('restarted client', function()
    restarted = vim.lsp.get_clients({ bufnr = buffer, name = 'speclens' })[1]
    return restarted ~= nil and restarted.initialized and restarted.id ~= client.id
  end)
  report.restarted = settle(buffer, 2)
  return restarted
end

-- The server as a user of this editor starts it.
local function start()
  local config = { cmd = { vim.env.SPECLENS_PROGRAM, 'server' } }
  if vim.env.SPECLENS_OLD then
    vim.lsp.enable = nil
    require('speclens').setup(config)
  else
    vim.lsp.config('speclens', config)
    vim.lsp.enable('speclens')
  end
end

local function run()
  vim.opt.runtimepath:prepend(vim.env.SPECLENS_RUNTIME)
  vim.cmd('runtime! plugin/speclens.lua')
  start()

  vim.cmd.edit(vim.env.SPECLENS_FILE)
  local buffer = vim.api.nvim_get_current_buf()
  local client
  wait('client', function()
    client = vim.lsp.get_clients({ bufnr = buffer, name = 'speclens' })[1]
    return client ~= nil and client.initialized
  end)
  report.encoding = client.offset_encoding

  local import_line
  for number, text in ipairs(vim.api.nvim_buf_get_lines(buffer, 0, -1, false)) do
    if text == 'import settings' then
      import_line = number
    end
  end

  report.opened = settle(buffer, 2)
  report.hover_module = hover(import_line, #'import s')
  report.answers_in_comment = answers(client, buffer, 1, 5)

  vim.api.nvim_buf_set_lines(buffer, import_line - 1, import_line, false, { 'settings = None' })
  report.without_import = settle(buffer, 0)

  vim.cmd.undo()
  report.undone = settle(buffer, 2)
  client = plugin(client, buffer, import_line)

  local stopped = vim.uv.hrtime()
  client:stop()
  wait('end of the server', function()
    return client:is_stopped()
  end)
  report.stop_milliseconds = (vim.uv.hrtime() - stopped) / 1e6
end

-- From the event loop, so that the client's own callbacks run while a step waits.
vim.schedule(function()
  local ok, problem = xpcall(run, debug.traceback)
  if not ok then
    report.problem = problem
    local log = vim.lsp.get_log_path()
    report.log = vim.fn.filereadable(log) == 1 and vim.fn.readfile(log, '', -40) or {}
  end
  finish()
end)
