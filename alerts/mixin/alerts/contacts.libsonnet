// The quota of contacts.
{
  local group = import '../lib/alerts.libsonnet',
  local messages = import '../lib/messages.libsonnet',
  local severities = $._config.severities,

  prometheusAlerts+:: {
    groups+: [
      group($._config, 'sms_exporter_contacts_alerts', [
        {
          alert: 'SMSContactsQuotaExhausted',
          expr: |||
            account:contacts_used_ratio:max
              >= ignoring (severity)
            account:contacts_used_ratio_threshold:min{severity="critical"}
          |||,
          'for': '15m',
          keep_firing_for: '15m',
          labels: { severity: severities.critical },
          annotations: {
            summary: 'The contact quota of {{ $labels.account }} at {{ $labels.provider }} is used up.',
            description: messages.line(|||
              {{ $labels.account }} uses %(used)s of its contacts; its critical threshold is %(threshold)s.
              {{ if ge $value 1.0 }}The provider may take no further ones now{{ else }}At 100 %% the provider may take no
              further ones{{ end }}; sending to those that are there goes on.
            |||, {
              used: messages.percentage,
              threshold: messages.percentageOf('account:contacts_used_ratio_threshold:min', 'severity="critical"'),
            }),
          },
        },
        {
          alert: 'SMSContactsQuotaHigh',
          expr: |||
            account:contacts_used_ratio:max
              >= ignoring (severity)
            account:contacts_used_ratio_threshold:min{severity="warning"}
          |||,
          'for': '15m',
          keep_firing_for: '15m',
          labels: { severity: severities.warning },
          annotations: {
            summary: 'The contact quota of {{ $labels.account }} at {{ $labels.provider }} is nearly used up.',
            description: messages.line(|||
              {{ $labels.account }} uses %(used)s of its contacts; its warning threshold is %(threshold)s. At 100 %%
              the provider may take no further ones; sending to those that are there goes on.
            |||, {
              used: messages.percentage,
              threshold: messages.percentageOf('account:contacts_used_ratio_threshold:min', 'severity="warning"'),
            }),
          },
        },
        {
          alert: 'SMSContactsQuotaFilling',
          expr: |||
            last_over_time(account:contacts_full:seconds[15m]) < 7 * 86400
            and account:contacts_used_ratio:max >= 0.5
            and account:contacts_used_ratio:max < 1
          |||,
          'for': '1h',
          keep_firing_for: '1h',
          labels: { severity: severities.warning },
          annotations: {
            summary: 'The contact quota of {{ $labels.account }} at {{ $labels.provider }} will be full within a week.',
            description: messages.line(|||
              {{ $labels.account }} uses %(used)s of its contacts, and as they grow now it will be full in %(duration)s
              (the alert comes at 7 days). Then the provider may take no further ones; sending to those that are there
              goes on.
            |||, {
              used: messages.percentageOf('account:contacts_used_ratio:max'),
              duration: messages.duration,
            }),
          },
        },
      ]),
    ],
  },
}
