// What repeats in expressions.
function(config) {
  local promql = self,

  // A template with `_config` and these values filled in. An empty selector leaves no empty braces behind.
  expr(template, values={})::
    local filled = template % (config { replicas: std.join(', ', config.replicaLabels) } + values);
    std.strReplace(filled, '{}', ''),

  // What was last seen of a series, for as long as no replica gets an answer of its api.
  kept(series, api, labels=[])::
    promql.expr(
      'last_over_time(%(series)s[1h]) and ignoring (%(ignored)s) account:sms_api_up:max{api="%(api)s"} == 0',
      { series: series, ignored: std.join(', ', labels + ['api']), api: api },
    ),

  // One series for an account, of those replicas whose answers are the newest; and as it was last seen while nobody
  // gets an answer. `labels` are those of the metric that sms_api_up doesn't have.
  newest(aggregation, metric, api, labels=[]):: {
    record: 'account:%s:%s' % [metric, aggregation],
    expr: promql.expr(
      |||
        %(aggregation)s without (%(replicas)s) (
          last_over_time(%(metric)s{%(smsExporterSelector)s}[30m])
            unless ignoring (%(ignored)s)
          instance:sms_api_behind:seconds{api="%(api)s"}
        )
        or
          last_over_time(account:%(metric)s:%(aggregation)s[1h])
            and ignoring (%(ignored)s)
          account:sms_api_up:max{api="%(api)s"} == 0
      |||,
      {
        aggregation: aggregation,
        metric: metric,
        api: api,
        ignored: std.join(', ', labels + ['api']),
      }
    ),
  },

  // One series for an account of what every replica says alike, whether its api answers or not.
  alike(aggregation, metric):: {
    record: 'account:%s:%s' % [metric, aggregation],
    expr: promql.expr(
      |||
        %(aggregation)s without (%(replicas)s) (
          last_over_time(%(metric)s{%(smsExporterSelector)s}[30m])
        )
      |||,
      { aggregation: aggregation, metric: metric }
    ),
  },

  // Accounts of which no replica gets an answer for one of these reasons, whatever the api.
  failing(reasons)::
    promql.expr(
      |||
        max without (api, reason) (
          account:sms_api_failure:max{reason%(operator)s"%(reasons)s"}
        ) == 1
      |||,
      { operator: if std.length(reasons) == 1 then '=' else '=~', reasons: std.join('|', reasons) }
    ),
}
