package org.smollm3.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Utf8DecoderTest {
  // The first four are tables 3-8 to 3-11 of the Unicode standard, section 3.9; the rest is what
  // Rust's String::from_utf8_lossy says in its documentation and tests. X stands for U+FFFD.
  @ParameterizedTest
  @CsvSource({
    "C0AFE080BFF0818241, XXXXXXXXA",
    "EDA080EDBFBFEDAF41, XXXXXXXXA",
    "F4919293FF4180BF42, XXXXXAXXB",
    "E180E2F09192F1BF41, XXXXA",
    "48656C6C6F20F0908057, HelloSXW",
    "48656C6C6FC220746865726583FF, HelloXStherexX",
    "F09F98, X",
    "F09F9880, 😀",
    "E282AC, €",
    "C3A9C3, éX",
    "F5808080, XXXX",
    "FF, X",
  })
  void replacesEachMaximalSubpart(String hex, String expected) {
    byte[] bytes = HexFormat.of().parseHex(hex);
    Utf8Decoder decoder = new Utf8Decoder(8);
    decoder.append(bytes, 0, bytes.length);
    assertThat(decoder.finish())
        .isEqualTo(expected.replace("X", "\ufffd").replace("x", "\ufffd").replace("S", " "));
  }

  @Property
  void theTextDoesNotDependOnThePieces(@ForAll byte[] bytes) {
    Utf8Decoder whole = new Utf8Decoder(8);
    whole.append(bytes, 0, bytes.length);
    Utf8Decoder pieces = new Utf8Decoder(8);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < bytes.length; i++) {
      pieces.append(bytes, i, i + 1);
      text.append(pieces.take());
    }
    text.append(pieces.finish());
    assertThat(text.toString()).isEqualTo(whole.finish());
  }
}
