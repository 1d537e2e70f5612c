package org.smollm3.conformance.command;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.smollm3.conformance.rules.Level;
import org.smollm3.conformance.run.Profile;
import org.smollm3.conformance.run.RunPlan;
import org.smollm3.conformance.run.Runner;
import org.smollm3.conformance.run.Shard;
import org.smollm3.error.InvalidRequestException;
import org.smollm3.spi.Tool.Invocation;
import org.smollm3.spi.Tool.Option;

/** The options of the command, and the plan they ask for. */
final class ConformOptions {
  static final String BACKEND = "--backend";
  static final String BACKEND_OPTIONS = "--backend-options";
  static final String PLUGIN_PATH = "--plugin-path";
  static final String LEVEL = "--level";
  static final String RULE = "--rule";
  static final String CASE = "--case";
  static final String PROFILE = "--profile";
  static final String QUICK = "--quick";
  static final String DEGREES = "--tp";
  static final String CASE_LIMIT = "--case-limit";
  static final String TRIES = "--tries";
  static final String SEED = "--seed";
  static final String SHARD = "--shard";
  static final String REPORT = "--report";
  static final String MERGE = "--merge";
  static final String LIST = "--list";
  static final String JSON = "--json";
  static final String SELF_TEST = "--self-test";
  static final String SEEDS = "--seeds";
  static final String PARTS = "--parts";
  static final String RUNS = "--runs";

  static final List<Option> ALL =
      List.of(
          new Option(BACKEND, "NAME", "backend to judge", ""),
          new Option(BACKEND_OPTIONS, "LIST", "name=value,... to open it with", ""),
          new Option(PLUGIN_PATH, "JARS", "where a backend is that does not come along", ""),
          new Option(
              LEVEL, "LIST", "operations, layers, graphs, generation, behaviour, or all", "all"),
          new Option(RULE, "LIST", "rules by id, such as OP-DOT-01", ""),
          new Option(CASE, "CASE", "one case of one rule, as a report prints it", ""),
          new Option(PROFILE, "NAME", "how much is tried: quick, standard or full", "standard"),
          Option.flag(QUICK, "the same as --profile quick: at most ten seconds"),
          new Option(
              DEGREES, "LIST", "tensor-parallel degrees of cases, such as 1,2 on two cores", "all"),
          new Option(TRIES, "N", "cases of each rule, whatever the profile", ""),
          new Option(
              CASE_LIMIT,
              "SECONDS",
              "what one case may take; more for a backend that compiles",
              Long.toString(Runner.CASE_LIMIT.toSeconds())),
          new Option(SEED, "N", "seed of all cases", Long.toString(RunPlan.DEFAULT_SEED)),
          new Option(SHARD, "I/N", "every N-th case, from the I-th on; I from 0", ""),
          new Option(REPORT, "DIR", "write report.html and report.json there", ""),
          Option.flag(MERGE, "join the reports given as arguments instead of judging"),
          Option.flag(LIST, "print the rules instead of judging"),
          Option.flag(
              SELF_TEST,
              "judge the kit: that it rejects known faults and mutants, and no right backend;"
                  + " --backend may name several right ones; with --report it can be ended and"
                  + " goes on"),
          new Option(
              PARTS,
              "LIST",
              "of the self-test: faults, runs of right backends, mutants (lowered graphs with one"
                  + " instruction changed)",
              "all"),
          new Option(SEEDS, "N", "of the self-test, for each fault", "20"),
          new Option(
              RUNS, "N", "of the self-test, quick ones without a fault: none may fail", "200"),
          Option.flag(JSON, "print the report as JSON"));

  private ConformOptions() {}

  static RunPlan plan(Invocation invocation) {
    Profile profile =
        invocation.flag(QUICK)
            ? Profile.QUICK
            : invocation.value(PROFILE).map(Profile::of).orElse(Profile.STANDARD);
    RunPlan plan = RunPlan.of(profile);
    Set<Level> levels = levels(invocation);
    if (!levels.isEmpty()) {
      List<Level> all = new ArrayList<>(levels);
      plan = plan.withLevels(all.get(0), all.subList(1, all.size()).toArray(Level[]::new));
    }
    plan = plan.withRules(rules(invocation).toArray(String[]::new));
    plan = plan.withDegrees(degrees(invocation));
    Optional<Integer> tries = invocation.integer(TRIES);
    if (tries.isPresent()) {
      plan = plan.withTries(tries.get());
    }
    Optional<String> shard = invocation.value(SHARD);
    if (shard.isPresent()) {
      plan = plan.withShard(Shard.of(shard.get()));
    }
    return plan.withSeed(seed(invocation));
  }

  /** Empty for all. */
  private static Set<Level> levels(Invocation invocation) {
    Set<Level> levels = EnumSet.noneOf(Level.class);
    for (String name : words(invocation, LEVEL)) {
      if (name.equals("all")) {
        return Set.of();
      }
      levels.add(Level.of(name));
    }
    return levels;
  }

  static Duration caseLimit(Invocation invocation) {
    int usual = Math.toIntExact(Runner.CASE_LIMIT.toSeconds());
    return Duration.ofSeconds(atLeast(1, invocation, CASE_LIMIT, usual));
  }

  /** A number that must be at least {@code min}. */
  static int atLeast(int min, Invocation invocation, String option, int otherwise) {
    int value = invocation.integer(option).orElse(otherwise);
    if (value < min) {
      throw new InvalidRequestException(option + " is " + value + "; give " + min + " or more");
    }
    return value;
  }

  /** Empty for all. */
  private static Set<Integer> degrees(Invocation invocation) {
    Set<Integer> degrees = new LinkedHashSet<>();
    for (String word : words(invocation, DEGREES)) {
      if (word.equals("all")) {
        return Set.of();
      }
      try {
        degrees.add(Integer.valueOf(word));
      } catch (NumberFormatException e) {
        throw new InvalidRequestException(
            DEGREES + " wants whole numbers with commas between them, not '" + word + "'", e);
      }
    }
    return degrees;
  }

  /** The options that say how the backend is opened, as they were given. */
  static List<String> opening(Invocation invocation) {
    List<String> options = new ArrayList<>();
    for (String option : List.of(BACKEND_OPTIONS, PLUGIN_PATH)) {
      invocation.value(option).ifPresent(value -> options.addAll(List.of(option, value)));
    }
    return options;
  }

  static List<String> rules(Invocation invocation) {
    return words(invocation, RULE);
  }

  static List<String> words(Invocation invocation, String option) {
    List<String> words = new ArrayList<>();
    for (String word : invocation.value(option).orElse("").split(",", -1)) {
      if (!word.isBlank()) {
        words.add(word.strip());
      }
    }
    return words;
  }

  private static long seed(Invocation invocation) {
    String text = invocation.value(SEED).orElse(Long.toString(RunPlan.DEFAULT_SEED));
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new InvalidRequestException(SEED + " wants a whole number, not '" + text + "'", e);
    }
  }
}
