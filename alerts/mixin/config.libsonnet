{
  _config+:: {
    // Which series are read, such as 'job="sms-exporter"'. Their names are the exporter's own, so all of them are.
    smsExporterSelector: '',
    // Targets whose names say that they are exporters: these count as down before they have shown anything.
    smsExporterUpSelector: 'job=~".*sms[-_]exporter.*"',
    // The labels by which two replicas of one exporter differ.
    replicaLabels: ['instance', 'pod', 'container', 'endpoint', 'node'],

    // What the label `severity` of an alert says. The thresholds' own severities in the metrics are not touched.
    severities: {
      critical: 'critical',
      warning: 'warning',
      info: 'info',
    },

    // What shall be other than it is in single alerts, by name; null leaves an alert out:
    //   SMSCreditLow: { 'for': '1h', labels+: { team: 'crm' } },
    //   SMSCreditThresholdMissing: null,
    alerts: {},

    // Where an alert's page is; %s is its name. null: no runbook_url.
    runbookURLPattern: 'https://github.com/sms-exporter/sms-exporter/blob/main/docs/alerts/%s.md',
    // Where the dashboards sms-account and sms-exporter are in your Grafana: 'https://grafana.example.com/d'.
    // null: no dashboard_url.
    dashboardURL: null,

    // Currencies whose unit is worth two cents or less.
    weakCurrencies: std.split(
      'AFN ALL AMD AOA ARS BDT BIF BTN CDF CLP COP CRC CVE DJF DOP DZD ETB GMD GNF GYD HTG HUF IDR INR IQD '
      + 'IRR ISK JMD JPY KES KGS KHR KMF KRW KZT LAK LBP LKR LRD MGA MKD MMK MNT MWK NGN NPR PHP PKR PYG RSD '
      + 'RUB RWF SDG SLL SOS SSP SYP TZS UGX UZS VND VUV XAF XOF XPF YER ZWL',
      ' '
    ),
  },
}
