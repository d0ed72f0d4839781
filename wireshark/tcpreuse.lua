-- SPDX-License-Identifier: BSD-2-Clause
-- Shows in Wireshark and tshark what tcpreuse reports of each reuse: reads reuse.csv and adds fields such as
-- tcpreuse.verdict to the frames that it names. See docs/wireshark.md.
--
-- The report is named by the argument of the script (-X lua_script1:reuse.csv), else by the preference tcpreuse.report,
-- else by the environment variable TCPREUSE_REPORT.

local arguments = {...}

local reuse = Proto("tcpreuse", "TCP Port Reuse (tcpreuse)")
reuse.prefs.report = Pref.string("Report", "", "The reuse.csv that tcpreuse wrote for this capture")
reuse.prefs.file = Pref.string("File", "",
  "Where tcpreuse read several files: this capture's name, as in the column file of the report")

-- Columns of reuse.csv that become fields, in the order in which they are shown: name, type, conversion from text, title.
-- Columns of the segment itself are left out, since Wireshark shows them. Numbers have a numeric type, so that filters compare
-- them as numbers.
local columns = {
  {"verdict", ProtoField.string, tostring, "Verdict"},
  {"certainty", ProtoField.string, tostring, "Certainty"},
  {"trigger", ProtoField.string, tostring, "Trigger"},
  {"previous_stream", ProtoField.uint64, UInt64, "Previous stream"},
  {"gap", ProtoField.double, tonumber, "Gap (seconds)"},
  {"previous_close", ProtoField.string, tostring, "Previous close"},
  {"previous_closed_by", ProtoField.string, tostring, "Previous closed by"},
  {"previous_last_frame", ProtoField.uint64, UInt64, "Previous last frame"},
  {"undercuts", ProtoField.string, tostring, "Undercuts"},
  {"acceptable", ProtoField.string, tostring, "Acceptable in TIME_WAIT"},
  {"isn_distance", ProtoField.int64, Int64, "ISN distance"},
  {"origin", ProtoField.string, tostring, "Origin"},
  {"answer", ProtoField.string, tostring, "Answer"},
  {"answer_delay", ProtoField.double, tonumber, "Answer delay (seconds)"},
  {"syn_retries", ProtoField.uint64, UInt64, "SYN retries"},
  {"episode", ProtoField.uint64, UInt64, "Episode"},
  {"attempt", ProtoField.uint64, UInt64, "Attempt"},
  {"episode_delay", ProtoField.double, tonumber, "Episode delay (seconds)"},
  {"episode_outcome", ProtoField.string, tostring, "Episode outcome"},
}

local fields = {}
for _, column in ipairs(columns) do
  local name, make, _, title = table.unpack(column)
  fields[name] = make("tcpreuse." .. name, title)
  table.insert(reuse.fields, fields[name])
end

local rows = {}     -- by frame number: values by column
local problem       -- why there are none

-- The fields of a line of CSV (RFC 4180); nil if a quoted field continues on the next line.
local function split(line)
  local values, at = {}, 1
  repeat
    local value
    if line:sub(at, at) == '"' then
      local parts, from = {}, at + 1
      while true do
        local quote = line:find('"', from, true)
        if not quote then
          return nil
        end
        parts[#parts + 1] = line:sub(from, quote - 1)
        at = quote + 1
        if line:sub(at, at) ~= '"' then
          break
        end
        parts[#parts + 1] = '"'
        from = at + 1
      end
      value = table.concat(parts)
    else
      local comma = line:find(",", at, true) or #line + 1
      value, at = line:sub(at, comma - 1), comma
    end
    values[#values + 1] = value
    at = at + 1
  until at > #line + 1
  return values
end

-- Rows of the report, each as a table by column. "*l" is what Lua 5.2 calls "l"; both understand it.
local function read_rows(file)
  local names, before
  return function()
    while true do
      local line = file:read("*l")
      if not line then
        return nil
      end
      if not names and line:sub(1, 3) == "\239\187\191" then
        line = line:sub(4)      -- a byte order mark, as for spreadsheets
      end
      line = before and before .. "\n" .. line or line
      local values = split((line:gsub("\r$", "")))
      before = not values and line or nil
      if values and not names then
        names = values
      elseif values then
        local row = {}
        for i, name in ipairs(names) do
          row[name] = values[i]
        end
        return row
      end
    end
  end
end

local function load_report()
  rows, problem = {}, nil
  local path = arguments[1] or reuse.prefs.report
  if path == nil or path == "" then
    path = os.getenv("TCPREUSE_REPORT")
  end
  if not path or path == "" then
    return      -- nothing was asked for
  end
  local file, message = io.open(path, "r")
  if not file then
    problem = message
    return
  end
  local wanted, seen, several = reuse.prefs.file, nil, false
  local column = wanted == "" and "frame" or "file_frame"
  for row in read_rows(file) do
    local number = tonumber(row[column])
    if not row[column] then
      problem = path .. ": no column '" .. column .. "': " ..
        (row.frame and "a report on one file, which tcpreuse.file need not name" or "not a reuse.csv")
      break
    end
    if not number then
      problem = path .. ": a row without a number of a frame"
      break
    end
    if wanted == "" then
      several = several or (row.file and seen and seen ~= row.file)
      seen = row.file
      rows[number] = row
    elseif row.file == wanted then
      rows[number] = row
    end
  end
  file:close()
  if several then
    rows, problem = {}, path .. ": several files: name this capture's in the preference tcpreuse.file"
  end
end

local told = false
local function tell_problem()
  if problem and not told then
    told = true
    (report_failure or print)("tcpreuse: " .. problem)
  end
end

-- When a capture is opened, and when preferences change.
function reuse.init()
  load_report()
  tell_problem()
end

function reuse.prefs_changed()
  told = false
  load_report()
  tell_problem()
end

function reuse.dissector(buffer, packet, tree)
  local row = rows[packet.number]
  if not row then
    return
  end
  local summary = row.verdict or row.trigger or ""
  local subtree = tree:add(reuse, buffer(0, 0), "TCP port reuse: " .. summary)
  subtree:set_generated()
  for _, column in ipairs(columns) do
    local name, _, value = table.unpack(column)
    local text = row[name]
    if text and text ~= "" then
      subtree:add(fields[name], value(text)):set_generated()
    end
  end
end

register_postdissector(reuse)
