// Peer: `statsig-node`, with a data adapter over the KV Store. It polls and times nothing: Compute has no background.

import { StatsigServer } from "statsig-node";
import { send, serve, specs } from "./service.js";

const RULES = "/v1/download_config_specs";

const dataAdapter = {
  async initialize() {},
  async shutdown() {},
  async set() {},
  async get(key) {
    return key.includes(RULES) ? { result: await specs() } : { error: new Error("only the specs are kept") };
  },
};

serve(async (gate, user, log) => {
  const statsig = new StatsigServer("secret-local-run", {
    dataAdapter,
    networkOverrideFunc: send,
    disableDiagnostics: true,
    disableRulesetsSync: true,
    disableIdListsSync: true,
    initStrategyForIDLists: "none",
    initStrategyForIP3Country: "none",
  });
  await statsig.initializeAsync();
  const { value, ruleID } = log
    ? statsig.getFeatureGate(user, gate)
    : statsig.getFeatureGateWithExposureLoggingDisabled(user, gate);
  return { value, ruleID, done: log ? () => statsig.flush() : undefined };
});
