package org.smollm3.spi;

import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.smollm3.error.InvalidRequestException;

/** A subcommand of the program, contributed by the module that owns it. */
public interface Tool {
  /** What the command line shows and parses. */
  Usage usage();

  /**
   * Runs the command.
   *
   * @return the exit code: 0 success, 1 a check failed
   */
  int run(Invocation invocation);

  /**
   * @param arguments label of the positional arguments, such as {@code DIR...}; empty if none
   */
  record Usage(
      String name,
      String summary,
      List<String> details,
      String arguments,
      int minArguments,
      int maxArguments,
      List<Option> options) {
    public Usage {
      details = List.copyOf(details);
      options = List.copyOf(options);
    }
  }

  /**
   * @param name with its dashes, such as {@code --out}
   * @param label of its value, such as {@code DIR}; empty for a switch
   * @param fallback value when absent, shown in the help; empty for none
   */
  record Option(String name, String label, String summary, String fallback) {
    public static Option flag(String name, String summary) {
      return new Option(name, "", summary, "");
    }

    public boolean isFlag() {
      return label.isEmpty();
    }
  }

  /**
   * One call of the command.
   *
   * @param values option values by name with dashes; switches that are set map to {@code true}
   * @param out where results go
   * @param err where progress and warnings go
   * @param interactive whether {@code err} is a terminal, so that progress may be drawn
   */
  record Invocation(
      List<String> arguments,
      Map<String, String> values,
      PrintWriter out,
      PrintWriter err,
      boolean interactive) {
    public boolean flag(String name) {
      return values.containsKey(name);
    }

    public Optional<String> value(String name) {
      return Optional.ofNullable(values.get(name)).filter(value -> !value.isEmpty());
    }

    /**
     * @throws InvalidRequestException if the option is absent
     */
    public String required(String name) {
      return value(name).orElseThrow(() -> new InvalidRequestException("missing option " + name));
    }

    /**
     * @throws InvalidRequestException if the value is no integer
     */
    public Optional<Integer> integer(String name) {
      return value(name)
          .map(
              text -> {
                try {
                  return Integer.valueOf(text);
                } catch (NumberFormatException e) {
                  throw new InvalidRequestException(
                      name + " wants a whole number, not '" + text + "'", e);
                }
              });
    }
  }
}
