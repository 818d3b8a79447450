# A Java runtime of Debian, a Spring Boot fat jar, the jars of Hadoop, HBase and Spark, and a war.

build_java() {
  command -v mvn >/dev/null || skip "needs mvn on the host"
  start_from java base
  mkdir -p "$root/usr/share/man/man1"
  apt_install openjdk-17-jre-headless ca-certificates-java libcommons-lang3-java libguava-java
  pack "$work" java 'apt-get install openjdk-17-jre-headless'

  mkdir -p "$root/opt/hadoop/lib" "$root/app"
  maven_project hadoop jar "$(dependency org.apache.hadoop:hadoop-client:3.4.1 org.apache.hadoop:hadoop-hdfs:3.4.1 org.apache.hbase:hbase-server:2.6.1 \
    org.apache.spark:spark-sql_2.12:3.5.4 org.apache.hive:hive-exec:4.0.1 com.amazonaws:aws-java-sdk-bundle:1.12.262)" ''
  (cd "$work/hadoop" && maven dependency:copy-dependencies -DincludeScope=runtime "-DoutputDirectory=$root/opt/hadoop/lib")
  (cd "$work/hadoop" && maven dependency:list -DincludeScope=runtime "-DoutputFile=$OUT/java-hadoop.list")
  pack "$work" java 'mvn dependency:copy-dependencies (Hadoop, HBase, Spark)'

  maven_project shop jar "$(dependency org.springframework.boot:spring-boot-starter-web:3.4.3 org.springframework.boot:spring-boot-starter-data-jpa:3.4.3 \
    org.springframework.boot:spring-boot-starter-actuator:3.4.3 org.springframework.boot:spring-boot-starter-security:3.4.3 com.h2database:h2:2.3.232)" \
    '<plugin><groupId>org.springframework.boot</groupId><artifactId>spring-boot-maven-plugin</artifactId><version>3.4.3</version><executions><execution><goals><goal>repackage</goal></goals></execution></executions></plugin>'
  (cd "$work/shop" && maven package dependency:list -DincludeScope=runtime "-DoutputFile=$OUT/java-shop.list")
  cp "$work/shop/target/shop-1.2.0.jar" "$root/app/"
  maven_project portal war "$(dependency org.springframework:spring-webmvc:6.2.3 com.fasterxml.jackson.core:jackson-databind:2.18.2 org.slf4j:slf4j-simple:2.0.16)" \
    '<plugin><groupId>org.apache.maven.plugins</groupId><artifactId>maven-war-plugin</artifactId><version>3.4.0</version><configuration><failOnMissingWebXml>false</failOnMissingWebXml></configuration></plugin>'
  (cd "$work/portal" && maven package dependency:list -DincludeScope=runtime "-DoutputFile=$OUT/java-portal.list")
  cp "$work/portal/target/portal-1.2.0.war" "$root/app/"
  pack "$work" java 'COPY shop.jar portal.war'
  umoci config --image "$work/layout:java" --config.workingdir /app --config.entrypoint java --config.entrypoint -jar --config.entrypoint /app/shop-1.2.0.jar >&2
  finish java "$work"
}

maven() {
  nice mvn --quiet --batch-mode "$@" >&2
}

# group:artifact:version... as XML
dependency() {
  for coordinates in "$@"; do
    echo "$coordinates" | sed 's|\(.*\):\(.*\):\(.*\)|<dependency><groupId>\1</groupId><artifactId>\2</artifactId><version>\3</version></dependency>|'
  done
}

# $1 artifact, $2 packaging, $3 dependencies, $4 plug-ins
maven_project() {
  mkdir -p "$work/$1/src/main/java/com/example/shop"
  echo 'package com.example.shop; public class Main { public static void main(String[] a) { System.out.println("shop"); } }' \
    >"$work/$1/src/main/java/com/example/shop/Main.java"
  cat >"$work/$1/pom.xml" <<XML
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>com.example.shop</groupId><artifactId>$1</artifactId><version>1.2.0</version><packaging>$2</packaging>
<properties><maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17</maven.compiler.target><project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
<dependencies>$3</dependencies><build><plugins>$4</plugins></build></project>
XML
}
