"""The command line `persistence`, and other tools for the terminal.

What they need beside the library is imported with the module that needs it.

| module       | what it does                                                              |
|--------------|---------------------------------------------------------------------------|
| `main`       | the entry: says what to install where click or rich are missing           |
| `program`    | the program `persistence`: its commands, and how it ends                  |
| `lazy`       | commands whose modules are imported when they are run                     |
| `options`    | the options that every command takes                                      |
| `settings`   | where they come from: command line, environment, pyproject.toml (pure)    |
| `app`        | finds the application's mappings                                          |
| `session`    | one run: settings, application, store, service, output                    |
| `entities`   | repositories of a session's entities                                      |
| `completing` | names of mappings, tables and indexes, for the shell's completion         |
| `connecting` | opens a store on DynamoDB; the only module here that imports boto3        |
| `failures`   | exit codes, and what is said of each error                                |
| `consent`    | asks before something is destroyed                                        |
| `output`     | tables and JSON                                                           |
| `tables`     | tables of rich                                                            |
| `files`      | texts that go to a file or to stdout                                      |
| `progress`   | progress of long jobs as lines; `bars` shows it as bars of rich           |
| `resuming`   | what to do after Ctrl-C                                                   |
| `conditions` | the small language of conditions -> terms (pure)                          |
| `values`     | texts -> values of fields (pure)                                          |
| `showing`    | values of fields -> plain data (pure)                                     |
| `rawitems`   | items as they are stored, along an access path                            |
| `diagnosis`  | what `doctor` finds around the store; `tablehealth` of the tables         |
| `commands`   | the commands, one module per group                                        |
| `reports`    | reports of layers as tables                                               |
"""
