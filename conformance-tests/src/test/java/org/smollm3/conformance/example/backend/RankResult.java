package org.smollm3.conformance.example.backend;

import java.util.Map;
import org.smollm3.tensor.HostTensor;

/** What a run leaves on one rank. */
record RankResult(
    Map<String, HostTensor> outputs,
    Map<String, HostTensor> taps,
    Map<String, ExampleTensor> states) {}
