package org.smollm3.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** A subcommand: how it is written, and what it does. */
interface Command {
  /** Name, options, arguments and help text; a new one for every call. */
  CommandSpec spec();

  /**
   * Runs it.
   *
   * @param parsed what was written, by {@link #spec}
   * @return {@link ExitCode#SUCCESS} or {@link ExitCode#CHECK_FAILED}; what goes wrong is thrown
   */
  int run(ParseResult parsed, Console console);
}
