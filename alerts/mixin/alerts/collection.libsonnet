// The exporter itself, and accounts whose provider gives no answer.
{
  local group = import '../lib/alerts.libsonnet',
  local messages = import '../lib/messages.libsonnet',
  local promql = (import '../lib/promql.libsonnet')($._config),
  local severities = $._config.severities,
  // The instance is named, what else a pod brings is not.
  local podLabels = std.join(', ', [label for label in $._config.replicaLabels if label != 'instance']),

  prometheusAlerts+:: {
    groups+: [
      // The dashboards' sign that alerts are evaluated: that none fires says nothing by itself.
      {
        name: 'sms_exporter_alerts_loaded',
        interval: '1m',
        rules: [
          {
            record: 'sms_exporter:alerts:loaded',
            expr: promql.expr('max by (job, namespace) (0 * account:sms_api_up:max + 1)'),
          },
        ],
      },
      group($._config, 'sms_exporter_collection_alerts', [
        // A target that mostly gives no answer, known by what it has shown or by its job's name; and exporters
        // that are no target any more, while no other job has come instead: a label of the target, its job
        // or its pod's name may have changed.
        {
          alert: 'SMSExporterDown',
          expr: promql.expr(|||
            max without (%(podLabels)s) (
              avg_over_time(up{%(smsExporterUpSelector)s}[5m])
                or
              avg_over_time(up[5m])
                and on (job, namespace, instance)
              last_over_time(sms_exporter_build_info{%(smsExporterSelector)s}[30d])
            ) < 0.5
            or
              max without (%(replicas)s, version, pythonversion) (
                last_over_time(sms_exporter_build_info{%(smsExporterSelector)s}[1d])
              ) * 0
                unless on (job, namespace)
              avg_over_time(up[10m])
                unless on ()
              (
                count(count by (job, namespace) (last_over_time(sms_exporter_build_info{%(smsExporterSelector)s}[10m])))
                  >= max_over_time(sms_exporter:jobs:count[1d])
              )
          |||, { podLabels: podLabels }),
          'for': '5m',
          keep_firing_for: '5m',
          labels: { severity: severities.critical },
          annotations: {
            summary:
              'The SMS exporter of job {{ $labels.job }} is down{{ with $labels.instance }}: {{ . }}{{ end }}.',
            description: messages.line(|||
              {{ if $labels.instance }}Prometheus gets no answer from {{ $labels.instance }}, an SMS exporter of job
              {{ $labels.job }}, or hardly any{{ else }}The SMS exporter of job {{ $labels.job }} is no target of
              Prometheus any more, and no other has come instead{{ end }}. Sending goes on, but nobody may see
              credit run out: alerts on accounts fall silent half an hour after the last scrape, and that doesn't mean
              that all is well.
            |||),
          },
          dashboard:: '/sms-exporter',
        },
        {
          alert: 'SMSExporterReloadFailed',
          expr: promql.expr(|||
            min without (%(podLabels)s) (
              last_over_time(sms_exporter_config_last_reload_successful{%(smsExporterSelector)s}[15m])
            ) == 0
          |||, { podLabels: podLabels }),
          'for': '5m',
          labels: { severity: severities.warning },
          annotations: {
            summary:
              'The SMS exporter {{ $labels.instance }} of job {{ $labels.job }} refused its new configuration.',
            description: messages.line(|||
              The last reload of {{ $labels.instance }} failed, so it goes on with the configuration before it: new
              accounts, keys and thresholds are not in force, and it won't start again with this file. Its log says which
              line is wrong.
            |||),
          },
          dashboard:: '/sms-exporter',
        },

        {
          alert: 'SMSKeyRejected',
          local reasons = ['unauthorized'],
          expr: promql.failing(reasons),
          'for': '15m',
          labels: { severity: severities.critical },
          annotations: {
            summary: '{{ $labels.provider }} rejects the key of {{ $labels.account }}.',
            description: messages.line(|||
              {{ $labels.provider }} has rejected the credential of {{ $labels.account }} for 15 minutes (%(apis)s).
              What these apis tell can't be seen until it is replaced; if what sends messages uses the same key, sending
              has stopped too.
            |||, { apis: messages.apis(reasons) }),
          },
        },
        {
          alert: 'SMSAddressNotAllowed',
          local reasons = ['ip_not_allowed'],
          expr: promql.failing(reasons),
          'for': '15m',
          labels: { severity: severities.critical },
          annotations: {
            summary: "{{ $labels.provider }} refuses the exporter's address for {{ $labels.account }}.",
            description: messages.line(|||
              For 15 minutes {{ $labels.provider }} has answered that the address which the exporter calls from is not
              allowed for {{ $labels.account }} (%(apis)s). What these apis tell can't be seen until it is on the
              provider's list; whatever sends from the same address is refused as well.
            |||, { apis: messages.apis(reasons) }),
          },
        },
        {
          alert: 'SMSPermissionMissing',
          local reasons = ['forbidden'],
          expr: promql.failing(reasons),
          'for': '15m',
          labels: { severity: severities.critical },
          annotations: {
            summary: 'The key of {{ $labels.account }} at {{ $labels.provider }} lacks a permission.',
            description: messages.line(|||
              For 15 minutes {{ $labels.provider }} has accepted the key of {{ $labels.account }} but forbidden what the
              exporter asks for (%(apis)s). What these apis tell can't be seen until the key gets the permission to read
              it; sending needs another permission and may go on.
            |||, { apis: messages.apis(reasons) }),
          },
        },
        {
          alert: 'SMSRateLimited',
          local reasons = ['rate_limited'],
          expr: promql.failing(reasons),
          'for': '30m',
          keep_firing_for: '15m',
          labels: { severity: severities.warning },
          annotations: {
            summary: '{{ $labels.provider }} limits the calls for {{ $labels.account }}.',
            description: messages.line(|||
              For 30 minutes {{ $labels.provider }} has answered that {{ $labels.account }} calls too often (%(apis)s).
              The exporter waits as long as it is told, and figures stay as they were last seen; a sender that shares
              the limit may be refused as well.
            |||, { apis: messages.apis(reasons) }),
          },
        },
        {
          alert: 'SMSProviderFailing',
          local reasons = ['server_error', 'timeout', 'connection', 'tls'],
          expr: promql.failing(reasons),
          'for': '30m',
          keep_firing_for: '15m',
          labels: { severity: severities.warning },
          annotations: {
            summary: "{{ $labels.provider }} can't be asked about {{ $labels.account }}.",
            description: messages.line(|||
              For 30 minutes calls for {{ $labels.account }} to {{ $labels.provider }} have failed (%(apis)s). Nothing
              says that credit is gone: what these apis tell is as it was last seen. If the provider itself is down,
              messages don't leave either.
            |||, { apis: messages.apis(reasons) }),
          },
        },
        {
          alert: 'SMSAnswerNotUnderstood',
          local reasons = ['invalid_response', 'bad_request', 'redirect', 'internal'],
          expr: promql.failing(reasons),
          'for': '15m',
          keep_firing_for: '15m',
          labels: { severity: severities.warning },
          annotations: {
            summary: 'The answers of {{ $labels.provider }} about {{ $labels.account }} make no sense.',
            description: messages.line(|||
              For 15 minutes {{ $labels.provider }} has answered calls for {{ $labels.account }} with something else
              than it documents (%(apis)s): a proxy's page, a changed api, or a fault of the exporter. Figures are as
              they were last seen; sending goes on.
            |||, { apis: messages.apis(reasons) }),
          },
        },
      ]),
    ],
  },
}
