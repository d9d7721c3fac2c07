#include "heard_sample.h"

#include <algorithm>

#include "evenkeel/text.h"

namespace evenkeel::replication {

namespace {

constexpr std::string_view format_name = "heard 2";
constexpr std::size_t field_count = 9;
constexpr std::size_t most_channels = 1000;

std::string one_field(std::string_view text) { return clean(text, 500); }

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

const char* word_of(Trust trust) {
  return trust == Trust::unseen ? "unseen" : trust == Trust::doubted ? "doubted" : "told";
}

Trust trust_from(std::string_view word) {
  return word == "unseen" ? Trust::unseen : word == "doubted" ? Trust::doubted : Trust::told;
}

bool take_count(std::string_view text, std::uint64_t& count) {
  double value = 0;
  if (!parse_number(text, value) || value < 0 || value > 1e18) return false;
  count = static_cast<std::uint64_t>(value);
  return true;
}

bool sample_from(std::string_view line, HeardSample& sample) {
  const std::vector<std::string_view> fields = split(line, '\t');
  if (fields.size() != field_count) return false;
  if (!take_count(fields[2], sample.heartbeats) || !take_count(fields[3], sample.starts) ||
      !take_count(fields[4], sample.relay_log_space) || !parse_number(fields[5], sample.silence) ||
      sample.silence < 0)
    return false;
  sample.listening = fields[0] == "listening";
  sample.trust = trust_from(fields[1]);
  sample.position = fields[6];
  sample.relay_log_file = fields[7];
  sample.channel = fields[8];
  return true;
}

}  // namespace

HeardSample sample_of(const ChannelStatus& channel, std::uint64_t starts) {
  HeardSample sample;
  sample.channel = one_field(channel.name);
  sample.listening = channel.is_listening();
  sample.heartbeats = channel.heartbeats_received.value_or(0);
  sample.starts = starts;
  sample.relay_log_space = channel.relay_log_space;
  sample.position = one_field(channel.read_position);
  sample.relay_log_file = one_field(channel.relay_log_file);
  return sample;
}

const HeardSample* HeardSamples::find(const std::string& channel) const {
  for (const HeardSample& sample : channels)
    if (sample.channel == channel) return &sample;
  return nullptr;
}

std::string format_samples(const HeardSamples& samples) {
  std::string text = std::string(format_name) + "\t" + format_number(samples.delay) + "\n";
  for (const HeardSample& sample : samples.channels)
    text += std::string(sample.listening ? "listening" : "deaf") + "\t" + word_of(sample.trust) + "\t" +
            std::to_string(sample.heartbeats) + "\t" + std::to_string(sample.starts) + "\t" +
            std::to_string(sample.relay_log_space) + "\t" + format_number(sample.silence) + "\t" +
            sample.position + "\t" + sample.relay_log_file + "\t" + sample.channel + "\n";
  return text;
}

HeardSamples parse_samples(std::string_view text) {
  HeardSamples samples;
  const std::vector<std::string_view> lines = split(text, '\n');
  const std::vector<std::string_view> head = split(lines.front(), '\t');
  if (head.size() != 2 || head[0] != format_name || !parse_number(head[1], samples.delay)) return {};
  for (std::size_t i = 1; i < lines.size() && i <= most_channels; ++i) {
    HeardSample sample;
    if (sample_from(lines[i], sample)) samples.channels.push_back(std::move(sample));
  }
  return samples;
}

}  // namespace evenkeel::replication
