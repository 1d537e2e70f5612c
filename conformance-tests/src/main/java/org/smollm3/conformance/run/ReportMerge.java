package org.smollm3.conformance.run;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.smollm3.conformance.check.UlpHistogram;
import org.smollm3.conformance.run.RuleResult.Failure;
import org.smollm3.conformance.run.RuleResult.Note;
import org.smollm3.conformance.run.RuleResult.Worst;
import org.smollm3.error.InvalidRequestException;

/** Joins the reports of all shards of a run into that of the whole. */
public final class ReportMerge {
  private ReportMerge() {}

  /**
   * @return what the run in one piece would have reported, but for the times, which are summed
   * @throws InvalidRequestException if the reports are not all shards of one run, each once
   */
  public static RunReport merge(List<RunReport> shards) {
    if (shards.isEmpty()) {
      throw new InvalidRequestException("there are no reports to merge");
    }
    RunReport first = shards.get(0);
    RunPlan whole = first.plan().withShard(Shard.WHOLE);
    TreeSet<Integer> seen = new TreeSet<>();
    int count = first.plan().shard().count();
    for (RunReport shard : shards) {
      requireSame("plan", whole, shard.plan().withShard(Shard.WHOLE));
      requireSame("backend", first.subject(), shard.subject());
      requireSame("number of shards", count, shard.plan().shard().count());
      requireSame("list of rules", ids(first), ids(shard));
      if (!seen.add(shard.plan().shard().index())) {
        throw new InvalidRequestException("shard " + shard.plan().shard() + " is given twice");
      }
    }
    if (seen.size() != count) {
      throw new InvalidRequestException(
          "of " + count + " shards only " + seen + " are given; give all");
    }
    List<RuleResult> results = new ArrayList<>();
    for (int i = 0; i < first.results().size(); i++) {
      int rule = i;
      results.add(joined(shards.stream().map(shard -> shard.results().get(rule)).toList()));
    }
    return new RunReport(first.subject(), whole, results);
  }

  private static List<String> ids(RunReport report) {
    return report.results().stream()
        .map(result -> result.rule() + " " + result.covered() + " " + result.planned())
        .toList();
  }

  private static void requireSame(String what, Object one, Object other) {
    if (!one.equals(other)) {
      throw new InvalidRequestException(
          "the reports are not of one run: the " + what + " is " + one + " and " + other);
    }
  }

  private static RuleResult joined(List<RuleResult> parts) {
    RuleResult first = parts.get(0);
    return new RuleResult(
        first.rule(),
        first.covered(),
        first.planned(),
        sum(parts, RuleResult::passed),
        sum(parts, RuleResult::failed),
        sum(parts, RuleResult::unsupported),
        sum(parts, RuleResult::noVerdict),
        sum(parts, RuleResult::warned),
        parts.stream().flatMap(part -> part.worst().stream()).min(ReportMerge::worstFirst),
        failures(parts),
        firstOf(parts, RuleResult::notes, Note::index, RuleResult.KEPT_NOTES),
        parts.stream().map(RuleResult::ulps).reduce(UlpHistogram.EMPTY, UlpHistogram::plus),
        parts.stream().mapToLong(RuleResult::millis).sum());
  }

  private static int sum(List<RuleResult> parts, ToIntFunction<RuleResult> count) {
    return parts.stream().mapToInt(count).sum();
  }

  private static int worstFirst(Worst one, Worst other) {
    int byRatio = Double.compare(other.measure().ratio(), one.measure().ratio());
    return byRatio != 0 ? byRatio : Integer.compare(one.index(), other.index());
  }

  /** Each shard has shrunk its own first failure; the whole run shrinks the first of all. */
  private static List<Failure> failures(List<RuleResult> parts) {
    List<Failure> first =
        firstOf(parts, RuleResult::failures, Failure::index, RuleResult.KEPT_FAILURES);
    List<Failure> result = new ArrayList<>();
    for (Failure failure : first) {
      result.add(
          result.isEmpty()
              ? failure
              : new Failure(
                  failure.index(),
                  failure.caseLine(),
                  failure.why(),
                  failure.worst(),
                  Optional.empty()));
    }
    return result;
  }

  private static <T> List<T> firstOf(
      List<RuleResult> parts,
      Function<RuleResult, List<T>> items,
      ToIntFunction<T> index,
      int kept) {
    Stream<T> all = parts.stream().flatMap(part -> items.apply(part).stream());
    return all.sorted(Comparator.comparingInt(index)).limit(kept).toList();
  }
}
