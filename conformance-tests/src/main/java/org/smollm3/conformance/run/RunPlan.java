package org.smollm3.conformance.run;

import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.smollm3.conformance.rules.Level;
import org.smollm3.conformance.rules.Rule;
import org.smollm3.error.InvalidRequestException;

/**
 * Which rules are tried, on which cases.
 *
 * @param levels empty means all
 * @param rules ids; empty means all of the levels
 * @param degrees tensor-parallel degrees that cases may have; empty means all that the rules use
 * @param tries per rule, in place of what the profile says
 * @param seed of all cases
 * @param shard the part that is run here
 */
public record RunPlan(
    Profile profile,
    Set<Level> levels,
    List<String> rules,
    Set<Integer> degrees,
    OptionalInt tries,
    long seed,
    Shard shard) {
  public static final long DEFAULT_SEED = 1;

  public RunPlan {
    levels = levels.isEmpty() ? Set.of() : Set.copyOf(levels);
    rules = List.copyOf(new LinkedHashSet<>(rules));
    degrees = Set.copyOf(degrees);
    for (int degree : degrees) {
      if (degree < 1) {
        throw new InvalidRequestException(degree + " is no tensor-parallel degree; give 1 or more");
      }
    }
    if (tries.isPresent() && tries.getAsInt() < 1) {
      throw new InvalidRequestException(tries.getAsInt() + " tries are none; give 1 or more");
    }
  }

  public static RunPlan of(Profile profile) {
    return new RunPlan(
        profile, Set.of(), List.of(), Set.of(), OptionalInt.empty(), DEFAULT_SEED, Shard.WHOLE);
  }

  public RunPlan withLevels(Level first, Level... more) {
    return new RunPlan(profile, EnumSet.of(first, more), rules, degrees, tries, seed, shard);
  }

  public RunPlan withRules(String... ids) {
    return new RunPlan(profile, levels, List.of(ids), degrees, tries, seed, shard);
  }

  public RunPlan withTries(int perRule) {
    return new RunPlan(profile, levels, rules, degrees, OptionalInt.of(perRule), seed, shard);
  }

  public RunPlan withSeed(long newSeed) {
    return new RunPlan(profile, levels, rules, degrees, tries, newSeed, shard);
  }

  public RunPlan withShard(Shard part) {
    return new RunPlan(profile, levels, rules, degrees, tries, seed, part);
  }

  /** Only cases of these tensor-parallel degrees, such as a device of few cores can run. */
  public RunPlan withDegrees(Set<Integer> allowed) {
    return new RunPlan(profile, levels, rules, allowed, tries, seed, shard);
  }

  boolean has(Rule rule) {
    return (levels.isEmpty() || levels.contains(rule.level()))
        && (rules.isEmpty() || rules.contains(rule.id()));
  }
}
