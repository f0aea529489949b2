// history: deliveries and attempts as a table.
#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "cli/errors.h"
#include "cli/history_filter.h"
#include "cli/history_tables.h"
#include "cli/proto_json.h"
#include "cli/verbs/verbs.h"
#include "cli/words.h"
#include "common/status_macros.h"

namespace mqttpush::cli {
namespace {

constexpr int64_t kMaxPage = 1000;

struct Options {
  std::string parent;
  FilterOptions filter;
  std::vector<std::string> states;
  std::string outcome;
  bool attempts = false;
  int64_t limit = 50;
};

// Pages until there are `limit`; the last page's token says whether there are
// more.
template <typename Request, typename Response, typename Count>
absl::StatusOr<Response> ListUpTo(int64_t limit, const char* method,
                                  Request request, Session& session,
                                  Count count) {
  Response all;
  do {
    request.set_page_size(std::min(kMaxPage, limit - count(all)));
    request.set_page_token(all.next_page_token());
    all.clear_next_page_token();
    MQTTPUSH_ASSIGN_OR_RETURN(const Response page,
                              session.client.Call<Response>(method, request));
    all.MergeFrom(page);
    session.console.Progress("reading", count(all), 0);
  } while (count(all) < limit && !all.next_page_token().empty());
  return all;
}

template <typename Response>
void Print(const Response& response, const Table& table, Session& session) {
  if (session.json) {
    session.console.Line(ToJson(response));
    return;
  }
  if (table.rows() == 0) {
    session.console.Note("nothing in the history matches");
  } else {
    table.Print(session.console);
  }
  if (!response.next_page_token().empty()) {
    session.console.Note("there is more: --limit shows it");
  }
}

absl::StatusOr<ExitCode> ShowDelivery(const std::string& name,
                                      Session& session) {
  v1::GetDeliveryRequest request;
  request.set_name(name);
  MQTTPUSH_ASSIGN_OR_RETURN(
      const auto delivery,
      session.client.Call<v1::Delivery>("HistoryService/GetDelivery", request));
  if (session.json) {
    session.console.Line(ToJson(delivery));
  } else {
    PrintDelivery(delivery, session.clock.Now(), session.console);
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ListDeliveries(const Options& options,
                                        v1::ListDeliveriesRequest request,
                                        Session& session) {
  const auto states = ParseEnums<v1::Delivery::State>(
      *v1::Delivery::State_descriptor(), options.states);
  if (!states.ok()) return At("--state", states.status());
  for (const auto state : *states) request.add_states(state);
  using Response = v1::ListDeliveriesResponse;
  MQTTPUSH_ASSIGN_OR_RETURN(
      const Response response,
      (ListUpTo<v1::ListDeliveriesRequest, Response>(
          options.limit, "HistoryService/ListDeliveries", std::move(request),
          session,
          [](const Response& r) { return int64_t{r.deliveries_size()}; })));
  Print(response, DeliveryTable(response.deliveries(), session.console),
        session);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ListAttempts(const Options& options,
                                      v1::ListAttemptsRequest request,
                                      Session& session) {
  if (!options.outcome.empty()) {
    const auto outcome =
        ParseEnum(*v1::Attempt::Outcome_descriptor(), options.outcome);
    if (!outcome.ok()) return At("--outcome", outcome.status());
    request.set_outcome(static_cast<v1::Attempt::Outcome>(*outcome));
  }
  using Response = v1::ListAttemptsResponse;
  MQTTPUSH_ASSIGN_OR_RETURN(
      const Response response,
      (ListUpTo<v1::ListAttemptsRequest, Response>(
          options.limit, "HistoryService/ListAttempts", std::move(request),
          session,
          [](const Response& r) { return int64_t{r.attempts_size()}; })));
  Print(response, AttemptTable(response.attempts(), session.console), session);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Run(const Options& options, Session& session) {
  MQTTPUSH_ASSIGN_OR_RETURN(const std::string parent,
                            TenantOrDelivery(options.parent));
  const std::string tenant = TenantOf(parent);
  if (parent != tenant && !options.attempts) {
    return ShowDelivery(parent, session);
  }
  MQTTPUSH_ASSIGN_OR_RETURN(
      v1::HistoryFilter filter,
      ReadFilter(options.filter, tenant, session.clock.Now()));
  if (options.attempts || !options.outcome.empty()) {
    v1::ListAttemptsRequest request;
    request.set_parent(parent);
    *request.mutable_filter() = std::move(filter);
    return ListAttempts(options, std::move(request), session);
  }
  v1::ListDeliveriesRequest request;
  request.set_parent(parent);
  *request.mutable_filter() = std::move(filter);
  return ListDeliveries(options, std::move(request), session);
}

}  // namespace

void AddHistory(Command root) {
  auto options = std::make_shared<Options>();
  Command history = root.Add(
      "history", "what happened to the messages of a tenant",
      "Lists deliveries, newest accepted first: one line for each event and "
      "subscription, with its state and, unless it was delivered, why. With "
      "--attempts: each try at a delivery, with the broker's answer. For a "
      "DELIVERY: all that is known of it, with its payload and attempts.");
  history.Argument("TENANT", &options->parent,
                   "The tenant, as acme; or one of its deliveries, as "
                   "acme/1-1.");
  AddFilterOptions(history, "was accepted (with --attempts: begun)",
                   &options->filter);
  history
      .Options("--state", EnumChoices(*v1::Delivery::State_descriptor()),
               &options->states,
               "Only deliveries in this state. May be given more than once.")
      .Flag("-a,--attempts", &options->attempts, "Lists attempts.")
      .Option("--outcome", EnumChoices(*v1::Attempt::Outcome_descriptor()),
              &options->outcome, "Only attempts of this outcome; implies -a.")
      .Number("-n,--limit", &options->limit, 1, 1'000'000,
              "At most so many. Default: 50.")
      .Example("mqttpush history acme -s 1d --state parked",
               "What was given up since yesterday, and why.")
      .Example(
          "mqttpush history acme --asset 550e8400-e29b-41d4-a716-446655440000",
          "The newest messages of one asset.")
      .Example("mqttpush history acme --outcome failed -s 1h",
               "What brokers answered to what failed in the last hour.")
      .Example("mqttpush history acme/1-1", "One delivery in full.")
      .Does([options](Session& session) { return Run(*options, session); });
}

}  // namespace mqttpush::cli
