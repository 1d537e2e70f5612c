package org.smollm3.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** stub */
final class InspectCommand implements Command {
  @Override
  public CommandSpec spec() {
    return Specs.withCommonOptions(Specs.command("inspect", "x"));
  }

  @Override
  public int run(ParseResult parsed, Console console) {
    return 0;
  }
}
