package org.smollm3.neuron.nrt;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.PaddingLayout;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The binding against tables transcribed from the headers of the SDK. */
class NrtTablesTest {
  private static final Map<String, StructLayout> STRUCTS =
      Map.of(
          "nrt_tensor_info_t", NrtStructs.TENSOR_INFO,
          "nrt_tensor_info_array_t", NrtStructs.TENSOR_INFO_ARRAY,
          "nrt_version_t", NrtStructs.VERSION,
          "nrt_instance_info_t", NrtStructs.INSTANCE_INFO,
          "nrt_vnc_memory_stats_t", NrtStructs.MEMORY_STATS);

  @Test
  void functionsAreThoseOfTheHeaders() {
    Map<String, String> expected = new TreeMap<>();
    for (List<String> row : Table.rows("signatures.txt")) {
      expected.put(row.getFirst(), String.join(" ", row.subList(1, row.size())));
    }
    Map<String, String> actual = new TreeMap<>();
    for (NrtFunction function : NrtFunction.values()) {
      actual.put(
          function.symbol(),
          function.need().name().toLowerCase(Locale.ROOT) + " " + letters(function.descriptor()));
    }

    assertThat(actual).isEqualTo(expected);
  }

  @Test
  void everyByteOfEveryStructIsWhereTheHeadersHaveIt() {
    List<List<String>> rows = Table.rows("structs.txt");

    assertThat(rows.stream().map(List::getFirst)).hasSameElementsAs(STRUCTS.keySet());
    for (List<String> row : rows) {
      assertThat(bytes(STRUCTS.get(row.getFirst())))
          .as(row.getFirst())
          .isEqualTo(expectedBytes(row));
    }
  }

  @Test
  void statusesAreThoseOfTheHeaders() {
    List<String> expected =
        Table.rows("statuses.txt").stream().map(row -> String.join(" ", row)).toList();

    assertThat(
            Arrays.stream(NrtStatus.values())
                .map(s -> s.code() + " " + s.symbol() + " " + s.failure()))
        .containsExactlyElementsOf(expected);
    for (NrtStatus status : NrtStatus.values()) {
      assertThat(NrtStatus.of(status.code())).contains(status);
      assertThat(status.meaning()).isNotBlank();
      assertThat(status.remedy()).isNotBlank();
    }
    assertThat(NrtStatus.of(8)).isEmpty();
  }

  private static String letters(FunctionDescriptor descriptor) {
    StringBuilder letters =
        new StringBuilder(descriptor.returnLayout().map(NrtTablesTest::letter).orElse("V"));
    descriptor.argumentLayouts().forEach(layout -> letters.append(' ').append(letter(layout)));
    return letters.toString();
  }

  private static String letter(MemoryLayout layout) {
    return switch (layout) {
      case ValueLayout.OfInt i -> "I";
      case ValueLayout.OfLong j -> "J";
      case java.lang.foreign.AddressLayout p -> "P";
      default -> throw new AssertionError(layout);
    };
  }

  /** The field that each byte belongs to. */
  private static List<String> bytes(StructLayout struct) {
    List<String> bytes = new ArrayList<>();
    for (MemoryLayout member : struct.memberLayouts()) {
      String name = member instanceof PaddingLayout ? "-" : member.name().orElseThrow();
      for (long i = 0; i < member.byteSize(); i++) {
        bytes.add(name);
      }
    }
    return bytes;
  }

  private static List<String> expectedBytes(List<String> row) {
    String[] bytes = new String[Integer.parseInt(row.get(1))];
    Arrays.fill(bytes, "-");
    for (int i = 2; i < row.size(); i += 3) {
      int start = Integer.parseInt(row.get(i + 1));
      Arrays.fill(bytes, start, start + Integer.parseInt(row.get(i + 2)), row.get(i));
    }
    return List.of(bytes);
  }
}
