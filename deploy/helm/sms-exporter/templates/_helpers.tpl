{{/* Names and labels that several templates use. */}}

{{- define "sms-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "sms-exporter.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "sms-exporter.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "sms-exporter.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "sms-exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "sms-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "sms-exporter.labels" -}}
{{ include "sms-exporter.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: sms-exporter
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "sms-exporter.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "sms-exporter.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "sms-exporter.image" -}}
{{- $name := printf "%s/%s" .Values.image.registry .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $name .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* Whether the configuration is a text among the values. */}}
{{- define "sms-exporter.ownConfig" -}}
{{- if and .Values.existingConfigMap.name .Values.existingConfigSecret.name -}}
  {{- fail "existingConfigMap and existingConfigSecret: there is one configuration; keep one of them" -}}
{{- end -}}
{{- if not (or .Values.demo .Values.existingConfigMap.name .Values.existingConfigSecret.name) -}}true{{- end -}}
{{- end -}}

{{- define "sms-exporter.configKey" -}}
{{- ternary .Values.existingConfigSecret.key .Values.existingConfigMap.key (ne .Values.existingConfigSecret.name "") -}}
{{- end -}}

{{- define "sms-exporter.configMapName" -}}
{{- default (include "sms-exporter.fullname" .) .Values.existingConfigMap.name -}}
{{- end -}}

{{/* The probe's way to the port: with a web configuration it may ask for a certificate or a password. */}}
{{- define "sms-exporter.probe" -}}
{{- if .root.Values.webConfig.existingSecret -}}
tcpSocket: {port: http}
{{- else -}}
httpGet: {path: {{ .path }}, port: http}
{{- end -}}
{{- end -}}

{{/* A ConfigMap is read by many: no secret passes through it. */}}
{{- define "sms-exporter.refuseSecrets" -}}
{{- $config := fromYaml .Values.config -}}
{{- if hasKey $config "Error" -}}{{- fail (printf "config is not YAML: %s" $config.Error) -}}{{- end -}}
{{- include "sms-exporter.refuseProxyUser" (dict "of" $config.defaults "where" "defaults") -}}
{{- range $account := $config.accounts -}}
  {{- include "sms-exporter.refuseProxyUser" (dict "of" $account "where" (printf "account %s" $account.name)) -}}
  {{- $auth := default dict $account.auth -}}
  {{- $found := list -}}
  {{- range $form, $value := $auth -}}
    {{- if not (kindIs "map" $value) -}}
      {{- if not (regexMatch "_(file|env)$" $form) -}}{{- $found = append $found $form -}}{{- end -}}
    {{- else -}}
      {{- range $part, $secret := $value -}}
        {{- /* A user's name, or a client's, is no secret: it alone may be written out. */ -}}
        {{- if not (or (regexMatch "_(file|env)$" $part) (has $part (list "username" "client_id"))) -}}
          {{- $found = append $found (printf "%s.%s" $form $part) -}}
        {{- end -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
  {{- range $found -}}
    {{- fail (printf "config: account %s: auth.%s would stand in a ConfigMap; name a file under /etc/sms-exporter/secrets/ (%s_file) or an environment variable (%s_env) instead" $account.name . . .) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "sms-exporter.refuseProxyUser" -}}
{{- $http := default dict (default dict .of).http -}}
{{- if regexMatch "^([^/]*//)?[^/?#]*@" (default "" $http.proxy_url | toString) -}}
  {{- fail (printf "config: %s: the user part of http.proxy_url would stand in a ConfigMap; take the proxy from a Secret: as HTTPS_PROXY in extraEnv with http.proxy_from_environment, or with the whole configuration (existingConfigSecret)" .where) -}}
{{- end -}}
{{- end -}}

{{/* How Prometheus Operator scrapes: scrape.kind, or serviceMonitor.enabled, which says one of its words. */}}
{{- define "sms-exporter.scrapeKind" -}}
{{- range $key, $_ := omit .Values.serviceMonitor "enabled" -}}
  {{- fail (printf "serviceMonitor.%s: all but enabled is under scrape; for this one see scrape in values.yaml" $key) -}}
{{- end -}}
{{- if not .Values.serviceMonitor.enabled -}}
  {{- .Values.scrape.kind -}}
{{- else if has .Values.scrape.kind (list "" "ServiceMonitor") -}}
  ServiceMonitor
{{- else -}}
  {{- fail (printf "serviceMonitor.enabled and scrape.kind %s: each account would be scraped twice; keep one of them" .Values.scrape.kind) -}}
{{- end -}}
{{- end -}}

{{/* Names of the accounts, for targets of their own. */}}
{{- define "sms-exporter.accounts" -}}
{{- $names := .Values.scrape.accounts -}}
{{- if not $names -}}
  {{- range (fromYaml .Values.config).accounts -}}
    {{- if not (kindIs "string" .name) -}}
      {{- fail (printf "config: account %v: Helm reads its name as something else than a text; quote it" .name) -}}
    {{- end -}}
    {{- $names = append $names .name -}}
  {{- end -}}
{{- end -}}
{{- if not $names -}}
  {{- fail "scrape.kind Probe: no account is known; name them in scrape.accounts, or let ScrapeConfig find them" -}}
{{- end -}}
{{- toYaml $names -}}
{{- end -}}

{{- define "sms-exporter.address" -}}
{{ include "sms-exporter.fullname" . }}.{{ .Release.Namespace }}.svc:{{ .Values.service.port }}
{{- end -}}
