-- Run as `nvim --headless --clean -u workspace.lua`, by Neovim 0.7 and later: opens $SPECLENS_FILE with Speclens and ty beside
-- each other, and writes what a user would see, step by step, as JSON into $SPECLENS_REPORT. $SPECLENS_INSTALLS is the command
-- that installs another package meanwhile.

-- Else Neovim's own Python support starts every interpreter on PATH.
vim.g.loaded_python3_provider = 0
vim.o.swapfile = false

local report = {}
local buffer

-- Waits until `done` answers true.
local function wait(what, done)
  if not vim.wait(15000, done, 10) then
    error('no ' .. what)
  end
end

local function text_of(diagnostic)
  local lines = vim.api.nvim_buf_get_text(
    buffer, diagnostic.lnum, diagnostic.col, diagnostic.end_lnum, diagnostic.end_col, {})
  return table.concat(lines, '\n')
end

-- What is shown of each finding; the same in every editor's test.
local function findings()
  local shown = {}
  for _, diagnostic in ipairs(vim.diagnostic.get(buffer)) do
    local lsp = (diagnostic.user_data or {}).lsp or {}
    local related = {}
    for _, information in ipairs(lsp.relatedInformation or {}) do
      table.insert(related, {
        file = vim.uri_to_fname(information.location.uri),
        line = information.location.range.start.line + 1,
      })
    end
    table.insert(shown, {
      source = diagnostic.source,
      rule = diagnostic.code or lsp.code,
      line = diagnostic.lnum + 1,
      text = text_of(diagnostic),
      related = related,
    })
  end
  return shown
end

-- The rules of a server's findings, in the order of the alphabet.
local function rules(source)
  local names = {}
  for _, finding in ipairs(findings()) do
    if finding.source == source then
      table.insert(names, finding.rule)
    end
  end
  table.sort(names)
  return table.concat(names, ' ')
end

-- Waits until these are Speclens' findings, beside those of ty.
local function settle(step, expected)
  local settled = vim.wait(15000, function()
    return rules('speclens') == expected and rules('ty'):find('invalid-assignment', 1, true) ~= nil
  end, 10)
  report[step] = findings()
  if not settled then
    error(step .. ': not ' .. expected)
  end
end

-- Puts the cursor on the beginning of a text.
local function go_to(text)
  vim.fn.cursor(1, 1)
  assert(vim.fn.search('\\V' .. text, 'c') > 0, text)
end

-- The text of the floating window that the user's own key for hovering opens.
local function hover(on)
  go_to(on)
  local shown
  wait('hover on ' .. on, function()
    vim.lsp.buf.hover()
    -- It is in the window once all servers have answered.
    return vim.wait(2000, function()
      for _, window in ipairs(vim.api.nvim_list_wins()) do
        if vim.api.nvim_win_get_config(window).relative ~= '' then
          local lines = vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false)
          shown = table.concat(lines, '\n')
          vim.api.nvim_win_close(window, true)
          return shown:find('__spec__', 1, true) ~= nil
        end
      end
    end, 10)
  end)
  return shown
end

-- Applies the action of this title, as if the user chose it from the list.
local function apply(on, title)
  local offered = {}
  vim.ui.select = function(actions, _, choose)
    for index, action in ipairs(actions) do
      -- 0.10 and later, 0.7.
      local inner = action.action or action[2]
      table.insert(offered, inner.title)
      if inner.title == title then
        return choose(action, index)
      end
    end
  end
  go_to(on)
  vim.lsp.buf.code_action()
  local before = vim.api.nvim_buf_get_changedtick(buffer)
  if not vim.wait(20000, function()
    return vim.api.nvim_buf_get_changedtick(buffer) ~= before
  end, 10) then
    error(title .. ' is not offered: ' .. table.concat(offered, '; '))
  end
end

-- Before 0.11 Neovim shows the answer of one server only when it hovers: the first.
local function without_hover(client)
  if client.resolved_capabilities then -- 0.7
    client.resolved_capabilities.hover = false
  end
  client.server_capabilities.hoverProvider = false
end

-- The servers, as a user of this version starts them.
local function start()
  local ty = { name = 'ty', cmd = { 'ty', 'server' }, on_attach = without_hover }
  if vim.lsp.enable then
    vim.lsp.config('ty', { cmd = ty.cmd, filetypes = { 'python' }, root_markers = { 'pyproject.toml' } })
    vim.lsp.enable({ 'ty', 'speclens' })
    return
  end
  require('speclens').setup()
  vim.api.nvim_create_autocmd('FileType', {
    pattern = 'python',
    callback = function(event)
      ty.root_dir = vim.fn.fnamemodify(event.file, ':p:h')
      vim.lsp.buf_attach_client(event.buf, vim.lsp.start_client(ty))
    end,
  })
end

local function run()
  vim.opt.runtimepath:prepend(vim.env.SPECLENS_RUNTIME)
  start()
  vim.cmd('edit ' .. vim.fn.fnameescape(vim.env.SPECLENS_FILE))
  buffer = vim.api.nvim_get_current_buf()

  settle('opened', 'import-raises module-without-spec')
  for _, client in pairs((vim.lsp.get_clients or vim.lsp.get_active_clients)()) do
    if client.name == 'speclens' then
      report.encoding = client.offset_encoding
    end
  end
  report.hover = hover('wares')

  apply('tills', 'Import `tills` before `wares`')
  settle('fixed', 'module-without-spec')
  report.fixed_text = vim.api.nvim_buf_get_lines(buffer, 1, 3, false)

  go_to('title')
  local line = vim.api.nvim_get_current_line()
  vim.api.nvim_set_current_line('title = "wares"')
  settle('edited', '')
  vim.api.nvim_set_current_line(line)
  settle('edited_back', 'module-without-spec')

  local output = vim.fn.system(vim.env.SPECLENS_INSTALLS)
  assert(vim.v.shell_error == 0, output)
  settle('installed', '')
end

-- From the event loop, so that the client's own callbacks run while a step waits.
vim.schedule(function()
  local ok, problem = xpcall(run, debug.traceback)
  report.problem = not ok and problem or nil
  local file = assert(io.open(vim.env.SPECLENS_REPORT, 'w'))
  file:write(vim.json.encode(report))
  file:close()
  vim.cmd('qall!')
end)
