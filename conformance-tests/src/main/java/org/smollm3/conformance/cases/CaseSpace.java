package org.smollm3.conformance.cases;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import org.smollm3.error.InvalidRequestException;

/** The cases of a rule: every combination of its parameters' values that a condition allows. */
public final class CaseSpace {
  private final List<Param<?>> params;
  private final Predicate<Case> condition;
  private final Map<String, Set<String>> telling;

  private CaseSpace(
      List<Param<?>> params, Predicate<Case> condition, Map<String, Set<String>> telling) {
    this.params = List.copyOf(params);
    this.condition = condition;
    this.telling = Map.copyOf(telling);
  }

  /** The parameters, and a seed for random data. */
  public static CaseSpace of(Param<?>... params) {
    List<Param<?>> all = new ArrayList<>(List.of(params));
    all.add(seed());
    return new CaseSpace(all, c -> true, Map.of());
  }

  /** The parameters alone, for checks that need no random data; with none there is one case. */
  public static CaseSpace fixed(Param<?>... params) {
    return new CaseSpace(List.of(params), c -> true, Map.of());
  }

  /** Only the cases that satisfy a condition, which most should. */
  public CaseSpace where(Predicate<Case> allowed) {
    return new CaseSpace(params, condition.and(allowed), telling);
  }

  /**
   * The same cases, of which every second one, from the first on, has one of these values of a
   * parameter: where what the rule is about can show at all, as a bias that is there, or more than
   * one rank. So a run of few cases says something too.
   *
   * @param texts as they are written
   */
  public <T> CaseSpace telling(Param<T> param, List<String> texts) {
    Map<String, Set<String>> all = new LinkedHashMap<>(telling);
    all.put(param.name(), Set.copyOf(texts));
    return new CaseSpace(params, condition, all);
  }

  /** As {@link #telling(Param, List)}. */
  public <T> CaseSpace telling(Param<T> param, String... texts) {
    return telling(param, List.of(texts));
  }

  /** Only the telling cases; where a parameter has no telling value, all of its values. */
  CaseSpace onlyTelling() {
    List<Param<?>> limited = new ArrayList<>();
    for (Param<?> param : params) {
      Optional<? extends Param<?>> left =
          Optional.ofNullable(telling.get(param.name())).flatMap(param::only);
      limited.add(left.isPresent() ? left.get() : param);
    }
    return new CaseSpace(limited, condition, Map.of());
  }

  /**
   * Only the cases in which a parameter has one of some values; all of them if there is no such
   * parameter, and none, which is empty, if it never has one of these.
   */
  public Optional<CaseSpace> only(String name, Set<String> values) {
    List<Param<?>> limited = new ArrayList<>();
    for (Param<?> param : params) {
      Optional<? extends Param<?>> left =
          param.name().equals(name) ? param.only(values) : Optional.of(param);
      if (left.isEmpty()) {
        return Optional.empty();
      }
      limited.add(left.get());
    }
    return Optional.of(new CaseSpace(limited, condition, telling));
  }

  private static Param<Long> seed() {
    // The low half is enough, and shorter to copy; no seed is simpler than another.
    Arbitrary<Long> seeds =
        Arbitraries.randomValue(random -> Integer.toUnsignedLong(random.nextInt())).dontShrink();
    return Param.of(Case.SEED, seeds, Long::toHexString, text -> Long.parseUnsignedLong(text, 16));
  }

  /** Whether there is but one case. */
  public boolean isSingle() {
    return params.isEmpty();
  }

  Arbitrary<Case> arbitrary() {
    List<Arbitrary<String>> texts = new ArrayList<>();
    params.forEach(param -> texts.add(param.texts()));
    return Combinators.combine(texts).as(this::ofTexts).filter(condition);
  }

  Case ofTexts(List<String> texts) {
    Map<String, String> values = new LinkedHashMap<>();
    for (int i = 0; i < params.size(); i++) {
      values.put(params.get(i).name(), texts.get(i));
    }
    return new Case(values);
  }

  /**
   * The case of a printed line, its parameters in any order.
   *
   * @throws InvalidRequestException if the line does not give each parameter a value once, or the
   *     case is none of this space
   */
  public Case parse(String line) {
    Map<String, String> given = new LinkedHashMap<>();
    for (String word : line.strip().split("\\s+", -1)) {
      int equals = word.indexOf('=');
      if (equals < 0 && !word.isEmpty()) {
        throw new InvalidRequestException("in the case '" + line + "' is no value in: " + word);
      }
      if (equals >= 0 && given.put(word.substring(0, equals), word.substring(equals + 1)) != null) {
        throw new InvalidRequestException("the case '" + line + "' gives a value twice: " + word);
      }
    }
    Set<String> names = new LinkedHashSet<>();
    params.forEach(param -> names.add(param.name()));
    if (!given.keySet().equals(names)) {
      throw new InvalidRequestException(
          "the case '" + line + "' does not have the parameters " + names);
    }
    params.forEach(param -> param.read(given.getOrDefault(param.name(), "")));
    Case parsed =
        ofTexts(params.stream().map(param -> given.getOrDefault(param.name(), "")).toList());
    if (!condition.test(parsed)) {
      throw new InvalidRequestException("the case '" + line + "' is none of this rule");
    }
    return parsed;
  }
}
